// Package volume does what a kubelet does for a mounted ConfigMap or Secret: it
// keeps a directory whose files all change at one moment.
package volume

import (
	"os"
	"path/filepath"
	"strings"
)

// current is the symbolic link to the directory that holds the files of now.
const current = "..data"

// Project makes a directory hold these files and nothing else.  Each is a
// symbolic link that leads through one more, and that one is replaced.
func Project(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	before, _ := os.Readlink(filepath.Join(dir, current))
	now, err := write(dir, files)
	if err != nil {
		return err
	}
	draft := filepath.Join(dir, current+"_tmp")
	if err := os.Symlink(filepath.Base(now), draft); err != nil {
		return err
	}
	if err := os.Rename(draft, filepath.Join(dir, current)); err != nil {
		return err
	}
	if err := link(dir, files); err != nil {
		return err
	}
	if before == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(dir, before))
}

// write writes the files into a directory of their own, and returns its path.
func write(dir string, files map[string][]byte) (string, error) {
	now, err := os.MkdirTemp(dir, "..")
	if err != nil {
		return "", err
	}
	for name, bytes := range files {
		if err := os.WriteFile(filepath.Join(now, name), bytes, 0o440); err != nil {
			return "", err
		}
	}
	return now, os.Chmod(now, 0o755)
}

// link makes the names that are seen those of the files.
func link(dir string, files map[string][]byte) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, entry := range entries {
		name := entry.Name()
		if _, wanted := files[name]; wanted {
			seen[name] = true
		} else if !strings.HasPrefix(name, "..") {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	for name := range files {
		if seen[name] {
			continue
		}
		if err := os.Symlink(filepath.Join(current, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

#!/bin/sh
# completion.sh - what `make install` installs: the program, its man pages, and
# completion, which real shells are asked for.  The program is named by
# $SPILLWAY.  bash and a POSIX system are needed; without zsh, or without the
# script(1) that gives shells a terminal, that part is skipped, and this said.
set -u

cd "$(dirname "$0")/.." || exit 1
. tests/check.sh
: "${MAKE:=make}" "${MODE:=release}"

skip() # RULE WHY
{
    printf 'skip %s: %s\n' "$1" "$2"
}

# --- make install ---------------------------------------------------------------

root=$work/root
share=$root/usr/share
bash_script=$share/bash-completion/completions/spillway
zsh_script=$share/zsh/site-functions/_spillway

make_in() # TARGET [VARIABLE=VALUE]...
{
    "$MAKE" --no-print-directory MODE="$MODE" DESTDIR="$root" PREFIX=/usr "$@"
}

# The names of all commands, from the program's own list.
commands()
{
    "$SPILLWAY" help | sed -n '/^Commands:/,$ s/^  //p' | sed 's/  .*//'
}

installs()
{
    make_in install || return 1
    {
        echo ./usr/bin/spillway
        echo ./usr/share/bash-completion/completions/spillway
        echo ./usr/share/man/man1/spillway.1
        commands | tr ' ' - | sed 's|.*|./usr/share/man/man1/spillway-&.1|'
        echo ./usr/share/zsh/site-functions/_spillway
    } | sort >"$work/expected"
    grep -q certs-issue "$work/expected" || return 1
    (cd "$root" && find . -type f | sort) | diff -u "$work/expected" -
}

program_runs()
{
    "$root/usr/bin/spillway" --version | grep '^spillway [0-9]'
}

pages_are_right()
{
    for page in "$share"/man/man1/*.1; do
        grep -q '^\.SH EXIT STATUS$' "$page" || {
            echo "$page"
            return 1
        }
    done
}

# groff's own judgement, where it is installed.
pages_have_no_warning()
{
    for page in "$share"/man/man1/*.1; do
        groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null | grep . && return 1
    done
    return 0
}

goes_elsewhere()
{
    make_in install DESTDIR="$work/other" BINDIR=/b MANDIR=/m BASHCOMPDIR=/c \
        ZSHCOMPDIR=/z || return 1
    ls "$work/other/b/spillway" "$work/other/m/man1/spillway.1" \
        "$work/other/c/spillway" "$work/other/z/_spillway"
}

uninstalls()
{
    touch "$share/man/man1/spillway-of-another.1" &&
        make_in uninstall || return 1
    echo ./usr/share/man/man1/spillway-of-another.1 >"$work/expected"
    (cd "$root" && find . -type f) | diff -u "$work/expected" -
}

check 'install puts everything where it belongs' installs
check 'the installed program runs' program_runs
check 'every command has a page' pages_are_right
if command -v groff >/dev/null; then
    check 'groff has nothing to say about the pages' pages_have_no_warning
else
    skip 'groff has nothing to say about the pages' 'there is no groff'
fi
check 'every directory can be chosen' goes_elsewhere

# --- bash -------------------------------------------------------------------------

# What bash is offered for the last of the words, sorted, in one line; what it
# is told to complete by itself stands as ":default" or ":dirnames".
cat >"$work/ask.bash" <<'END'
source "$1" && shift || exit
compopt() { printf ':%s\n' "$2"; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_spillway
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
END

bash_offers() # EXPECTED WORD...
{
    expected=$1
    shift
    offered=$(bash --norc "$work/ask.bash" "$bash_script" spillway "$@" |
        sort | tr '\n' ' ')
    [ "$offered" = "${expected:+$expected }" ] || {
        echo "expected: $expected"
        echo "offered:  $offered"
        return 1
    }
}

first_words()
{
    commands | sed 's/ .*//' | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# Every option that --help knows is offered.
bash_offers_all_options()
{
    commands >"$work/commands"
    while read -r command; do
        # shellcheck disable=SC2086 # a command can be two words
        {
            expected=$("$SPILLWAY" $command --help |
                sed -n 's/^  .\{4\}\(--[a-z-]*\).*/\1/p' | sort | tr '\n' ' ')
            bash_offers "${expected% }" $command -- || return 1
        } </dev/null
    done <"$work/commands"
}

check 'bash reads the script' bash -n "$bash_script"
check 'bash: commands, a group once' bash_offers "$(first_words)" ''
check 'bash: the commands of a group' \
    bash_offers 'inspect issue rotate' certs ''
check 'bash: part of a command' bash_offers 'inspect issue' certs i
check 'bash: nothing behind an unknown command' bash_offers '' nonsense ''
check 'bash: the options of the program' \
    bash_offers '--help --version' --
check 'bash: short options, too' \
    bash_offers '--help --namespace --output --policy -h -n -o' mutate -
check 'bash: the options of every command' bash_offers_all_options
check 'bash: choices of an option' bash_offers 'json text' certs inspect -o ''
check 'bash: choices behind an equals sign' \
    bash_offers 'debug' serve --log-level = d
check 'bash: choices right behind an equals sign' \
    bash_offers 'debug error info warn' serve --log-level =
check 'bash: files' bash_offers ':default' serve --cert ''
check 'bash: files or directories' bash_offers ':default' mutate --policy x
check 'bash: the first file of a pair' bash_offers ':default' test --matrix ''
check 'bash: the second one' bash_offers ':default' test --matrix old.yaml ''
check 'bash: directories' bash_offers ':dirnames' certs issue --dir ''
check 'bash: nothing for a number' bash_offers '' serve --threads ''
check 'bash: nothing for a path of a URL' bash_offers '' serve --path /
check 'bash: an operand that is a file' bash_offers ':default' mutate ''
check 'bash: one behind options' \
    bash_offers ':default' mutate -n x --policy = y ''
check 'bash: a value is no command' bash_offers ':default' mutate -n certs i
check 'bash: an operand that is a directory' \
    bash_offers ':dirnames' manifest tls ''
check 'bash: options where there are no operands' \
    bash_offers '--bare --help --policy -h' manifest policy ''
check 'bash: no options behind two dashes' bash_offers ':default' mutate -- -
check 'bash: shells' bash_offers 'bash zsh' completion ''
check 'bash: what help tells about' bash_offers 'issue' help certs is

# --- shells at a terminal -----------------------------------------------------------

mkdir -p "$work/here/some dir" && : >"$work/here/some file.yaml" || exit 1

# Type lines at a shell, where spillway is a function that prints its words.
types() # SHELL, the lines on stdin
{
    # shellcheck disable=SC2016 # the shell at the terminal expands it
    {
        printf 'spillway() { printf "<%%s>" "$@"; echo; }\n'
        cat
        printf 'exit\n'
    } >"$work/keys"
    (cd "$work/here" && TERM=dumb timeout 60 script -qec "$1" /dev/null \
        <"$work/keys") >"$work/screen" 2>&1
}

sees() # TEXT: the screen showed it
{
    grep -qF -- "$1" "$work/screen" || {
        echo "not seen: $1"
        cat -v "$work/screen"
        return 1
    }
}

lines_with_tabs() # the same for both shells
{
    printf 'spillway certs ins\t\n'
    printf 'spillway mani\tcomp\t--pol\tsome\\ f\t\n'
    printf 'spillway manifest tls so\t\n'
    printf 'spillway mutate -o obj\t\n'
    printf 'spillway help certs rot\t\n'
}

shell_completes() # SHELL
{
    check "$1 at a terminal: commands" sees '<certs><inspect>'
    check "$1 at a terminal: a file with a blank in its name" \
        sees '<manifest><companion><--policy'
    check "$1 at a terminal: that file" sees 'some file.yaml>'
    check "$1 at a terminal: a directory" sees '<manifest><tls><some dir'
    check "$1 at a terminal: a choice" sees '<mutate><-o><object>'
    check "$1 at a terminal: help" sees '<help><certs><rotate>'
}

if command -v script >/dev/null; then
    {
        printf '. %s\n' "$bash_script"
        lines_with_tabs
    } | types 'bash --norc --noprofile -i'
    shell_completes bash
else
    skip 'bash at a terminal' 'there is no script(1)'
fi

if ! command -v zsh >/dev/null; then
    skip 'zsh' 'it is not installed'
else
    check 'zsh reads the script' zsh -n "$zsh_script"
    if command -v script >/dev/null; then
        {
            printf 'fpath=(%s $fpath); autoload -U compinit; compinit -u -D\n' \
                "${zsh_script%/*}"
            lines_with_tabs
        } | types 'zsh -f -i'
        shell_completes zsh
        {
            printf 'autoload -U compinit; compinit -u -D; source %s\n' \
                "$zsh_script"
            printf 'spillway --vers\t\n'
        } | types 'zsh -f -i'
        check 'zsh at a terminal: a script that is sourced' sees '<--version>'
    else
        skip 'zsh at a terminal' 'there is no script(1)'
    fi
fi

check 'uninstall removes that, and nothing else' uninstalls

[ $failed -eq 0 ] || {
    echo "$failed failed" >&2
    exit 1
}

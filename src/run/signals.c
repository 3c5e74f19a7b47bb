/* signals.c - see signals.h for the contract. */
#include "spillway/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(struct error *err)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };
    sigset_t set;
    int fd;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < array_len(numbers); i++) {
        /* A shell script starts what it puts into the background with SIGINT
         * ignored, nohup(1) with SIGHUP; what is ignored gets to no signalfd.
         */
        (void)signal(numbers[i], SIG_DFL);
        (void)sigaddset(&set, numbers[i]);
    }
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        (void)error_set(err, ERROR_SYSTEM, "preparing for signals: %s",
                        strerror(errno));
    return fd;
}

int signals_read(int fd)
{
    struct signalfd_siginfo info;

    if (read(fd, &info, sizeof(info)) != sizeof(info))
        return 0;
    return (int)info.ssi_signo;
}

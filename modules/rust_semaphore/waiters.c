// SPDX-License-Identifier: GPL-2.0
/*
 * waiters DEVICE: several processes wait for the semaphore at once. Those that
 * a signal interrupts get EINTR, the others take one each and no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAITERS 8
#define ROUNDS 50

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void expect(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "waiters: %s\n", what);
		exit(1);
	}
}

static void on_signal(int number)
{
	(void)number;
}

/* Takes one. Exits with 0, or with the errno. */
static void wait_for_one(const char *device, int ready)
{
	int fd = open(device, O_RDONLY);
	char byte;

	if (fd < 0 || write(ready, "", 1) != 1)
		exit(255);
	exit(read(fd, &byte, 1) == 1 ? 0 : errno);
}

/* The state letter in /proc/PID/stat. */
static char state(pid_t pid)
{
	char path[64], text[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file || !fgets(text, sizeof(text), file))
		die(path);
	fclose(file);
	return strrchr(text, ')')[2];
}

/* Starts the waiters, and returns when all of them sleep in their reads. */
static void start(const char *device, pid_t *waiters)
{
	int ready[2];
	char byte;

	if (pipe(ready))
		die("pipe");
	for (int i = 0; i < WAITERS; i++) {
		waiters[i] = fork();
		if (waiters[i] < 0)
			die("fork");
		if (!waiters[i])
			wait_for_one(device, ready[1]);
	}
	for (int i = 0; i < WAITERS; i++)
		if (read(ready[0], &byte, 1) != 1)
			die("ready");
	for (int i = 0; i < WAITERS; i++)
		while (state(waiters[i]) != 'S')
			usleep(1000);
	close(ready[0]);
	close(ready[1]);
}

/* Adds to the semaphore what the waiters less the interrupted ones need. */
static void round_of(const char *device, int fd, int interrupted)
{
	pid_t waiters[WAITERS];
	char bytes[WAITERS] = "";
	int taken = 0, eintr = 0, status;

	start(device, waiters);
	/* Both at once: a notification may meet a task that the signal has woken. */
	for (int i = 0; i < interrupted; i++)
		kill(waiters[i], SIGUSR1);
	for (int i = 0; i < WAITERS - interrupted; i++)
		if (write(fd, bytes, 1) != 1)
			die("write");
	for (int i = 0; i < WAITERS; i++) {
		if (waitpid(waiters[i], &status, 0) < 0)
			die("waitpid");
		taken += status == 0;
		eintr += WIFEXITED(status) && WEXITSTATUS(status) == EINTR;
	}
	expect(taken == WAITERS - interrupted, "not as many were taken as added");
	expect(eintr == interrupted, "not as many were interrupted as signalled");
}

/*
 * Adds first, and signals those that are woken for it. Whoever leaves with
 * EINTR all the same must not keep the others from what is there.
 */
static void late_signals(const char *device, int fd, int count)
{
	pid_t waiters[WAITERS];
	char bytes[WAITERS] = "";
	int taken = 0, eintr = 0, status;

	start(device, waiters);
	if (write(fd, bytes, count) != count)
		die("write");
	for (int i = 0; i < count; i++)
		kill(waiters[i], SIGUSR1);
	while (taken < count) {
		if (wait(&status) < 0)
			die("wait");
		taken += status == 0;
		eintr += WIFEXITED(status) && WEXITSTATUS(status) == EINTR;
	}
	for (int i = count; i < WAITERS; i++)
		kill(waiters[i], SIGUSR1);
	while (wait(&status) > 0)
		eintr += WIFEXITED(status) && WEXITSTATUS(status) == EINTR;
	expect(taken + eintr == WAITERS, "somebody neither took nor was interrupted");
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	char byte;
	int fd;

	expect(argc == 2, "usage: waiters DEVICE");
	alarm(50);
	fd = open(argv[1], O_RDWR | O_NONBLOCK);
	if (fd < 0)
		die(argv[1]);
	expect(pread(fd, &byte, 1, 0) < 0 && errno == EAGAIN, "no EAGAIN");
	sigaction(SIGUSR1, &action, NULL);

	round_of(argv[1], fd, 0);
	round_of(argv[1], fd, WAITERS);
	for (int i = 0; i < ROUNDS; i++)
		round_of(argv[1], fd, 1 + i % (WAITERS - 1));
	for (int i = 0; i < ROUNDS; i++)
		late_signals(argv[1], fd, 1 + i % (WAITERS / 2));
	expect(pread(fd, &byte, 1, 0) < 0 && errno == EAGAIN, "something is left");
	return 0;
}

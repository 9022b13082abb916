// SPDX-License-Identifier: GPL-2.0
/*
 * threads DEVICE: what the device says of threads and of processes that are
 * gone, and how a signal ends its work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd;

static void expect(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "threads: %s\n", what);
		exit(1);
	}
}

/* Reads the device's line, and compares it. */
static void expect_line(pid_t thread, pid_t leader, pid_t opener)
{
	char line[64] = "", wanted[64];

	snprintf(wanted, sizeof(wanted), "%d %d %d %s\n", thread, leader, opener,
		 leader == opener ? "true" : "false");
	expect(pread(fd, line, sizeof(line) - 1, 0) > 0, "read");
	if (strcmp(line, wanted)) {
		fprintf(stderr, "threads: %sis not %s", line, wanted);
		exit(1);
	}
}

static void *thread(void *arg)
{
	(void)arg;
	expect(gettid() != getpid(), "the thread is the leader");
	expect_line(gettid(), getpid(), getpid());
	return NULL;
}

static void on_signal(int number)
{
	(void)number;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t id;
	pid_t child, opener;
	int status, go[2], done[2];
	char byte;

	expect(argc == 2, "usage: threads DEVICE");
	fd = open(argv[1], O_RDWR);
	expect(fd >= 0, "open");

	expect_line(getpid(), getpid(), getpid());
	expect(!pthread_create(&id, NULL, thread, NULL), "pthread_create");
	pthread_join(id, NULL);

	/* Another process uses a file of this one. */
	child = fork();
	if (!child) {
		expect_line(getpid(), getpid(), getppid());
		exit(0);
	}
	expect(waitpid(child, &status, 0) == child && !status, "the child failed");

	/* The opener is gone before its file, and has been reaped. */
	expect(!pipe(go) && !pipe(done), "pipe");
	opener = fork();
	if (!opener) {
		fd = open(argv[1], O_RDWR);
		expect(fd >= 0, "open");
		if (!fork()) {
			expect(read(go[0], &opener, sizeof(opener)) > 0, "go");
			expect_line(getpid(), getpid(), opener);
			expect(write(done[1], "", 1) == 1, "done");
		}
		exit(0);
	}
	expect(waitpid(opener, &status, 0) == opener && !status, "the opener failed");
	expect(write(go[1], &opener, sizeof(opener)) > 0, "go");
	close(done[1]);
	expect(read(done[0], &byte, 1) == 1, "the orphan failed");

	/* Work that only a signal ends. */
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	expect(write(fd, "", 1) < 0 && errno == EINTR, "no EINTR");
	return 0;
}

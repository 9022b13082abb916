// SPDX-License-Identifier: GPL-2.0
/* Who waits is woken by the other process, by poll and by signals; who may not wait is told. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPACITY 64
#define TOTAL 100000

#define CHECK(condition)						\
	do {								\
		if (!(condition)) {					\
			printf("line %d: %s; errno %d (%s)\n",		\
			       __LINE__, #condition, errno,		\
			       strerror(errno));			\
			exit(1);					\
		}							\
	} while (0)

#define FAILS(call, error) CHECK((errno = 0, (call) == -1) && errno == (error))

static int device(int flags)
{
	int fd = open("/dev/rust_pipe", O_RDWR | flags);

	CHECK(fd >= 0);
	return fd;
}

static short events(int fd, int timeout)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };

	CHECK(poll(&poll_fd, 1, timeout) >= 0);
	return poll_fd.revents;
}

/* Waits until the process sleeps in the kernel. */
static void wait_for_sleep(pid_t pid)
{
	char path[64], text[256], *state;
	FILE *file;

	for (int tries = 0; tries < 1000; tries++) {
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		file = fopen(path, "r");
		CHECK(file && fgets(text, sizeof(text), file));
		fclose(file);
		state = strrchr(text, ')') + 2;
		if (*state == 'S')
			return;
		usleep(1000);
	}
	CHECK(!"the process sleeps");
}

static void join(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void test_nonblocking(void)
{
	int fd = device(O_NONBLOCK);
	char full[CAPACITY] = "", back[2 * CAPACITY];
	struct iovec parts[2] = { { back, 3 }, { back + 3, 100 } };

	FAILS(read(fd, back, 1), EAGAIN);
	CHECK(events(fd, 0) == POLLOUT);
	CHECK(write(fd, full, 10) == 10);
	CHECK(events(fd, 0) == (POLLIN | POLLOUT));
	CHECK(write(fd, full, CAPACITY) == CAPACITY - 10);
	CHECK(events(fd, 0) == POLLIN);
	FAILS(write(fd, full, 1), EAGAIN);
	CHECK(read(fd, back, sizeof(back)) == CAPACITY);
	CHECK(writev(fd, (struct iovec[]){ { "ab", 2 }, { "cdef", 4 } }, 2) == 6);
	CHECK(readv(fd, parts, 2) == 6 && !memcmp(back, "abcdef", 6));
	CHECK(close(fd) == 0);
}

/* A long text from one process to another, through a pipe that holds little. */
static void test_blocking(void)
{
	int fd = device(0), done = 0, count;
	char text[1000];
	pid_t writer = fork();

	if (writer == 0) {
		while (done < TOTAL) {
			for (int i = 0; i < 100; i++)
				text[i] = (done + i) % 251;
			count = write(fd, text, 100);
			CHECK(count > 0);
			done += count;
		}
		CHECK(done - TOTAL < 100);
		exit(0);
	}
	while (done < TOTAL) {
		count = read(fd, text, sizeof(text));
		CHECK(count > 0);
		for (int i = 0; i < count; i++)
			CHECK((unsigned char)text[i] == (done + i) % 251);
		done += count;
	}
	join(writer);
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	while (read(fd, text, sizeof(text)) > 0)
		;
	CHECK(close(fd) == 0);
}

static void test_woken(void)
{
	int fd = device(0);
	char byte;
	pid_t pid = fork();

	if (pid == 0) {
		CHECK(read(fd, &byte, 1) == 1 && byte == 'r');
		exit(0);
	}
	wait_for_sleep(pid);
	/* Asleep in an operation: the module stays. */
	FAILS(syscall(SYS_delete_module, "rust_pipe", O_NONBLOCK), EWOULDBLOCK);
	CHECK(write(fd, "r", 1) == 1);
	join(pid);

	pid = fork();
	if (pid == 0) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

		CHECK(poll(&poll_fd, 1, -1) == 1 && poll_fd.revents == POLLIN);
		CHECK(read(fd, &byte, 1) == 1 && byte == 'p');
		exit(0);
	}
	wait_for_sleep(pid);
	CHECK(write(fd, "p", 1) == 1);
	join(pid);
	CHECK(close(fd) == 0);
}

static void test_epoll(void)
{
	int fd = device(0), epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };
	char byte;
	pid_t pid;

	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
	CHECK(epoll_wait(epoll, &event, 1, 0) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(epoll_wait(epoll, &event, 1, -1) == 1);
		CHECK(event.events == EPOLLIN);
		exit(0);
	}
	wait_for_sleep(pid);
	CHECK(write(fd, "e", 1) == 1);
	join(pid);
	CHECK(read(fd, &byte, 1) == 1 && byte == 'e');
	/* The file goes first, while epoll still waits on the device's queue. */
	CHECK(close(fd) == 0);
	CHECK(epoll_wait(epoll, &event, 1, 0) == 0);
	CHECK(close(epoll) == 0);
}

static void nothing(int number)
{
	(void)number;
}

static void test_signal(void)
{
	int fd = device(0);
	struct sigaction action = { .sa_handler = nothing };
	char byte;
	pid_t pid = fork();

	if (pid == 0) {
		CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
		CHECK(write(fd, "x", 1) == 1 && read(fd, &byte, 1) == 1);
		FAILS(read(fd, &byte, 1), EINTR);
		/* With SA_RESTART the call goes on. */
		action.sa_flags = SA_RESTART;
		CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
		CHECK(read(fd, &byte, 1) == 1 && byte == 's');
		exit(0);
	}
	for (int i = 0; i < 2; i++) {
		usleep(50000);
		wait_for_sleep(pid);
		CHECK(kill(pid, SIGUSR1) == 0);
	}
	usleep(50000);
	wait_for_sleep(pid);
	CHECK(write(fd, "s", 1) == 1);
	join(pid);

	/* A process that is killed in its sleep leaves nothing behind. */
	pid = fork();
	if (pid == 0) {
		CHECK(read(fd, &byte, 1) == 1);
		exit(0);
	}
	wait_for_sleep(pid);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	CHECK(write(fd, "k", 1) == 1 && read(fd, &byte, 1) == 1 && byte == 'k');
	CHECK(close(fd) == 0);
}

int main(void)
{
	alarm(50);
	test_nonblocking();
	test_blocking();
	test_woken();
	test_epoll();
	test_signal();
	return 0;
}

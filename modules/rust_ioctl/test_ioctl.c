// SPDX-License-Identifier: GPL-2.0
/* The device's ioctls, by the 64-bit and by the 32-bit system call. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define RESET _IO('R', 0)
#define GET _IOR('R', 1, uint64_t)
#define SET _IOW('R', 2, uint64_t)
#define EXCHANGE _IOWR('R', 3, uint64_t)
#define POSITION _IO('R', 4)
#define DUPLICATE _IO('R', 5)
#define IS_BLOCKING _IO('R', 6)
#define WORD _IO('R', 7)
#define REVERSE _IO('R', 8)
#define CLEAR _IOWR('R', 9, uint64_t)
/* A command of the right number with less data than it needs. */
#define SHORT_GET _IOR('R', 1, uint32_t)

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

typedef int call(int fd, unsigned int cmd, unsigned long arg);

static int ioctl64(int fd, unsigned int cmd, unsigned long arg)
{
	return ioctl(fd, cmd, arg);
}

/* ioctl is number 54 of the 32-bit system calls (arch/x86/entry/syscalls). */
static int ioctl32(int fd, unsigned int cmd, unsigned long arg)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(54L), "b"((long)fd), "c"((long)cmd), "d"(arg)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)result < 0) {
		errno = -(int)result;
		return -1;
	}
	return result;
}

/* `data` lies below 4 GiB. */
static void test_values(int fd, call *ioctl, uint64_t *data)
{
	unsigned long arg = (unsigned long)data;

	CHECK(ioctl(fd, RESET, 42) == 0);
	CHECK(ioctl(fd, GET, arg) == 0 && *data == 42);
	*data = 0x1122334455667788;
	CHECK(ioctl(fd, SET, arg) == 0);
	*data = 7;
	CHECK(ioctl(fd, EXCHANGE, arg) == 0 && *data == 0x1122334455667788);
	CHECK(ioctl(fd, GET, arg) == 0 && *data == 7);
	*data = -1;
	CHECK(ioctl(fd, CLEAR, arg) == 0 && *data == 0xffffffff);

	memcpy(data, "0123456789abcdef", 16);
	CHECK(ioctl(fd, REVERSE, arg) == 16);
	CHECK(!memcmp(data, "fedcba9876543210", 16));

	/* Bad pointers, and data too short for what the device does. */
	FAILS(ioctl(fd, GET, 1), EFAULT);
	FAILS(ioctl(fd, SET, 1), EFAULT);
	FAILS(ioctl(fd, EXCHANGE, 1), EFAULT);
	FAILS(ioctl(fd, REVERSE, 1), EFAULT);
	FAILS(ioctl(fd, SHORT_GET, arg), ENOTTY);
	FAILS(ioctl(fd, _IO('R', 99), 0), ENOTTY);
	FAILS(ioctl(fd, _IOW('R', 99, int), arg), ENOTTY);
}

static void test_descriptors(int fd, call *ioctl)
{
	int other = open("/proc/self/exe", O_RDONLY);
	int copy, next;
	char a[4], b[4];

	CHECK(other >= 0 && lseek(other, 1000, SEEK_SET) == 1000);
	CHECK(ioctl(fd, POSITION, other) == 1000);
	FAILS(ioctl(fd, POSITION, 999), EBADF);
	FAILS(ioctl(fd, DUPLICATE, 999), EBADF);

	copy = ioctl(fd, DUPLICATE, other);
	CHECK(copy > other);
	CHECK(fcntl(copy, F_GETFD) == FD_CLOEXEC);
	/* One file, and so one position. */
	CHECK(pread(other, a, 4, 1000) == 4 && read(copy, b, 4) == 4);
	CHECK(!memcmp(a, b, 4));
	CHECK(lseek(other, 0, SEEK_CUR) == 1004);
	/* Each is closed on its own. */
	CHECK(close(other) == 0 && lseek(copy, 0, SEEK_CUR) == 1004);
	CHECK(close(copy) == 0);

	/* The reservation that was dropped is free again. */
	next = dup(fd);
	CHECK(close(next) == 0);
	CHECK(ioctl(fd, IS_BLOCKING, 0) == 1);
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	CHECK(ioctl(fd, IS_BLOCKING, 0) == 0);
	CHECK(fcntl(fd, F_SETFL, 0) == 0);
	CHECK(dup(fd) == next && close(next) == 0);
}

int main(void)
{
	uint64_t *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int fd = open("/dev/rust_ioctl", O_RDWR);

	CHECK(data != MAP_FAILED && fd >= 0);
	test_values(fd, ioctl64, data);
	test_values(fd, ioctl32, data);
	test_descriptors(fd, ioctl64);
	test_descriptors(fd, ioctl32);
	CHECK(ioctl64(fd, WORD, 0) == 64);
	CHECK(ioctl32(fd, WORD, 0) == 32);
	CHECK(close(fd) == 0);
	return 0;
}

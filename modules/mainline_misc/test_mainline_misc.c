/* SPDX-License-Identifier: GPL-2.0 */
/* The device's ioctls: each open file has a number of its own. */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GET _IOR('M', 1, uint32_t)
#define SET _IOW('M', 2, uint32_t)

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

static int open_device(void)
{
	int fd = open("/dev/mainline_misc", O_RDWR);

	CHECK(fd >= 0);
	return fd;
}

static uint32_t get(int fd)
{
	uint32_t number = 0xaaaaaaaa;

	CHECK(ioctl(fd, GET, &number) == 0);
	return number;
}

static void set(int fd, uint32_t number)
{
	CHECK(ioctl(fd, SET, &number) == 0);
}

int main(void)
{
	int first = open_device(), second = open_device();
	uint32_t number = 1;
	char byte;

	CHECK(get(first) == 0 && get(second) == 0);
	set(first, 42);
	set(second, UINT32_MAX);
	CHECK(get(first) == 42 && get(second) == UINT32_MAX);

	/* No address, a command of another number, type, direction or size. */
	FAILS(ioctl(first, GET, 1), EFAULT);
	FAILS(ioctl(first, SET, 1), EFAULT);
	FAILS(ioctl(first, _IOR('M', 3, uint32_t), &number), ENOTTY);
	FAILS(ioctl(first, _IOR('N', 1, uint32_t), &number), ENOTTY);
	FAILS(ioctl(first, _IOW('M', 1, uint32_t), &number), ENOTTY);
	FAILS(ioctl(first, _IOR('M', 1, uint64_t), &number), ENOTTY);
	FAILS(ioctl(first, _IO('M', 0), 0), ENOTTY);
	CHECK(number == 1 && get(first) == 42);

	/* The device has ioctls, and nothing else. */
	FAILS(read(first, &byte, 1), EINVAL);
	FAILS(write(first, &byte, 1), EINVAL);

	/* A file that is opened anew begins at 0. */
	CHECK(close(first) == 0);
	CHECK(get(second) == UINT32_MAX);
	first = open_device();
	CHECK(get(first) == 0);
	CHECK(close(first) == 0 && close(second) == 0);
	return 0;
}

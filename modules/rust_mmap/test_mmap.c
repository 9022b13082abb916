// SPDX-License-Identifier: GPL-2.0
/* The page as two processes see it in their memory, and the kernel in its own. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

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

static void *map(int fd, size_t length, int flags, off_t offset)
{
	return mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, offset);
}

/* Another process, with a file and a mapping of its own. */
static void child(void)
{
	int fd = open("/dev/rust_mmap", O_RDWR);
	char *page = map(fd, PAGE, MAP_SHARED, 0);

	CHECK(page != MAP_FAILED);
	CHECK(!strcmp(page, "from the parent"));
	strcpy(page + 4000, "from the child");
	exit(0);
}

int main(void)
{
	int fd = open("/dev/rust_mmap", O_RDWR);
	char *page = map(fd, PAGE, MAP_SHARED, 0);
	char *again, back[64] = "";
	int i, status;

	CHECK(fd >= 0 && page != MAP_FAILED);
	for (i = 0; i < PAGE; i++)
		CHECK(page[i] == 0);

	/* What memory has, the kernel reads, and the other way. */
	strcpy(page + 100, "by memory");
	CHECK(pread(fd, back, 10, 100) == 10 && !strcmp(back, "by memory"));
	CHECK(pwrite(fd, "by write", 9, 200) == 9 && !strcmp(page + 200, "by write"));
	CHECK(ioctl(fd, _IOC(_IOC_WRITE, 'M', 5, 9), "by ioctl") == 9);
	CHECK(!strcmp(page + 5 * 64, "by ioctl"));
	CHECK(pread(fd, back, 64, PAGE) == 0);

	/* Beyond the page's end, and from nowhere. */
	FAILS(pwrite(fd, "12", 2, PAGE - 1), EINVAL);
	FAILS(ioctl(fd, _IOC(_IOC_WRITE, 'M', 63, 65), page), EINVAL);
	FAILS(ioctl(fd, _IOC(_IOC_WRITE, 'M', 64, 1), page), EINVAL);
	FAILS(ioctl(fd, _IOC(_IOC_WRITE, 'M', 0, 8), 1), EFAULT);

	/* Another mapping, and another process. */
	again = map(fd, PAGE, MAP_SHARED, 0);
	CHECK(again != MAP_FAILED && again != page);
	CHECK(!strcmp(again + 100, "by memory"));
	strcpy(again, "from the parent");
	if (fork() == 0)
		child();
	CHECK(wait(&status) > 0 && status == 0);
	CHECK(!strcmp(page + 4000, "from the child"));
	CHECK(munmap(again, PAGE) == 0);

	/* What the device refuses. */
	FAILS((long)map(fd, 2 * PAGE, MAP_SHARED, 0), EINVAL);
	FAILS((long)map(fd, PAGE, MAP_SHARED, PAGE), EINVAL);
	FAILS((long)map(fd, PAGE, MAP_PRIVATE, 0), EINVAL);
	/* By VM_DONTEXPAND. */
	FAILS((long)mremap(page, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);

	/* A mapping holds the module when the descriptor is closed. */
	CHECK(close(fd) == 0);
	FAILS(syscall(SYS_delete_module, "rust_mmap", O_NONBLOCK), EWOULDBLOCK);
	CHECK(!strcmp(page + 4000, "from the child"));
	CHECK(munmap(page, PAGE) == 0);
	return 0;
}

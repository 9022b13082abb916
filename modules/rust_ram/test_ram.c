// SPDX-License-Identifier: GPL-2.0
/* The device from user space: positions, several buffers, bad pointers, fsync. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE 65536

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

static char content[SIZE], back[SIZE];

static void test_seek(int fd)
{
	CHECK(lseek(fd, 0, SEEK_CUR) == 0);
	CHECK(lseek(fd, 100, SEEK_SET) == 100);
	CHECK(lseek(fd, -50, SEEK_CUR) == 50);
	CHECK(lseek(fd, -6, SEEK_END) == SIZE - 6);
	FAILS(lseek(fd, 7, SEEK_CUR), EINVAL);
	FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
	FAILS(lseek(fd, 0, SEEK_DATA), EINVAL);
	/* The failed ones have not moved it. Reads and writes go on from there. */
	CHECK(write(fd, "abcdefgh", 8) == 6);
	FAILS(write(fd, "x", 1), ENOSPC);
	CHECK(read(fd, back, 1) == 0);
	CHECK(lseek(fd, -6, SEEK_CUR) == SIZE - 6);
	CHECK(read(fd, back, 8) == 6 && !memcmp(back, "abcdef", 6));
	/* A read at a position does not move it. */
	CHECK(pread(fd, back, 2, SIZE - 3) == 2 && !memcmp(back, "de", 2));
	CHECK(lseek(fd, 0, SEEK_CUR) == SIZE);
}

static void test_vectors(int fd)
{
	struct iovec out[3] = {
		{ content, 1000 }, { content + 1000, 0 }, { content + 1000, 3000 }
	};
	struct iovec in[2] = { { back, 3999 }, { back + 3999, 1 } };
	struct iovec bad[2] = { { back, 10 }, { (void *)1, 10 } };

	CHECK(pwritev(fd, out, 3, 5000) == 4000);
	CHECK(preadv(fd, in, 2, 5000) == 4000);
	CHECK(!memcmp(content, back, 4000));
	/* And the same by the operations with one buffer. */
	memset(back, 0, SIZE);
	CHECK(pread(fd, back, 4000, 5000) == 4000);
	CHECK(!memcmp(content, back, 4000));

	CHECK(lseek(fd, SIZE - 10, SEEK_SET) == SIZE - 10);
	CHECK(writev(fd, out, 3) == 10);
	CHECK(lseek(fd, 0, SEEK_CUR) == SIZE);
	CHECK(lseek(fd, SIZE - 10, SEEK_SET) == SIZE - 10);
	CHECK(readv(fd, in, 2) == 10 && !memcmp(content, back, 10));
	CHECK(readv(fd, in, 2) == 0);

	FAILS(preadv(fd, bad, 2, 0), EFAULT);
	FAILS(pwritev(fd, bad, 2, 0), EFAULT);
}

static void test_all(int fd)
{
	CHECK(pwrite(fd, content, SIZE, 0) == SIZE);
	CHECK(pread(fd, back, SIZE, 0) == SIZE);
	CHECK(!memcmp(content, back, SIZE));
}

static void test_bad_pointers(int fd)
{
	/* volatile: the compiler would object to what is tried here. */
	char *volatile nowhere = (char *)1;
	char *volatile kernel = (char *)0xffffffff81000000ul;
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(pages != MAP_FAILED && !munmap(pages + 4096, 4096));
	FAILS(pread(fd, nowhere, 10, 0), EFAULT);
	FAILS(pwrite(fd, nowhere, 10, 0), EFAULT);
	FAILS(pread(fd, pages + 4090, 10, 0), EFAULT);
	FAILS(pwrite(fd, pages + 4090, 10, 0), EFAULT);
	FAILS(pread(fd, kernel, 10, 0), EFAULT);
	FAILS(pwrite(fd, kernel, 10, 0), EFAULT);
	CHECK(pread(fd, pages, 0, 0) == 0);
}

int main(void)
{
	int fd = open("/dev/rust_ram", O_RDWR);
	int i;

	CHECK(fd >= 0);
	for (i = 0; i < SIZE; i++)
		content[i] = i * 7 + i / 256;
	test_seek(fd);
	test_vectors(fd);
	test_all(fd);
	test_bad_pointers(fd);
	CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
	/* Not declared. */
	FAILS((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), ENODEV);
	CHECK(lseek(fd, 1234, SEEK_SET) == 1234);
	CHECK(close(fd) == 0);
	return 0;
}

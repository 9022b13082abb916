// SPDX-License-Identifier: MIT
/*
 * reload ROUNDS FILE.ko...
 *
 * Loads all files and unloads all that are loaded, in the reverse order, ROUNDS times: as insmod and rmmod do it, but
 * in one process, since under emulation starting one takes longer than loading a module. A file that can't be loaded
 * is passed over; that it is the same ones in each round is for the caller to see.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's name for the module in a file: the file's name, with _ for -. */
static void module_name(const char *file, char *name, size_t size)
{
	const char *slash = strrchr(file, '/');

	snprintf(name, size, "%s", slash ? slash + 1 : file);
	name[strcspn(name, ".")] = '\0';
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
}

static int load(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	long status;

	if (fd < 0)
		return 0;
	status = syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return status == 0;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 0;
	int loaded[argc];

	for (int round = 0; round < rounds; round++) {
		int count = 0;

		for (int i = 2; i < argc; i++)
			if (load(argv[i]))
				loaded[count++] = i;
		if (!count) {
			fprintf(stderr, "reload: nothing can be loaded\n");
			return 1;
		}
		while (count) {
			const char *file = argv[loaded[--count]];
			char name[64];

			module_name(file, name, sizeof(name));
			if (syscall(SYS_delete_module, name, O_NONBLOCK)) {
				fprintf(stderr, "reload: %s: %s\n", name, strerror(errno));
				return 1;
			}
		}
	}
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * reload WARM ROUNDS FILE.ko...
 *
 * Loads all files and unloads all that are loaded, in the reverse order, WARM and then ROUNDS times: as insmod and
 * rmmod do it, but in one process, since under emulation starting one takes longer than loading a module. A file that
 * can't be loaded is passed over. Prints how many objects there are in the kmalloc caches after the ROUNDS that were
 * not there before them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
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

static int reload(int rounds, char **files)
{
	while (rounds--) {
		char **loaded[256];
		int count = 0;

		for (char **file = files; *file; file++)
			if (count < 256 && load(*file))
				loaded[count++] = file;
		if (!count) {
			fprintf(stderr, "reload: nothing can be loaded\n");
			return -1;
		}
		while (count) {
			char name[64];

			module_name(*loaded[--count], name, sizeof(name));
			if (syscall(SYS_delete_module, name, O_NONBLOCK)) {
				fprintf(stderr, "reload: %s: %s\n", name, strerror(errno));
				return -1;
			}
		}
	}
	return 0;
}

/*
 * Objects in use in the kmalloc caches. The kernel takes a slab that a processor holds for full; shrinking a cache
 * takes them from the processors, so nothing else may run between that and the reading.
 */
static long kmalloc_objects(void)
{
	char line[512], cache[64];
	long objects = 0, active;
	FILE *info;
	glob_t found;

	sleep(8); /* kfree_rcu() frees in batches, every 5 s (KFREE_DRAIN_JIFFIES) */
	glob("/sys/kernel/slab/kmalloc-*/shrink", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int fd = open(found.gl_pathv[i], O_WRONLY);

		if (fd < 0 || write(fd, "1", 1) != 1)
			perror(found.gl_pathv[i]);
		close(fd);
	}
	globfree(&found);
	info = fopen("/proc/slabinfo", "r");
	while (info && fgets(line, sizeof(line), info))
		if (sscanf(line, "%63s %ld", cache, &active) == 2 && !strncmp(cache, "kmalloc-", 8))
			objects += active;
	if (info)
		fclose(info);
	return objects;
}

int main(int argc, char **argv)
{
	long before;

	if (argc < 4 || reload(atoi(argv[1]), argv + 3))
		return 1;
	before = kmalloc_objects();
	if (reload(atoi(argv[2]), argv + 3))
		return 1;
	printf("%ld\n", kmalloc_objects() - before);
	return 0;
}

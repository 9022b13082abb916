// SPDX-License-Identifier: GPL-2.0
/* Write crc32.rs and crc/crc32.h: what each byte does to a CRC with the polynomial of the first argument. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static uint32_t entry(uint32_t value, uint32_t polynomial)
{
	for (int bit = 0; bit < 8; bit++)
		value = value & 1 ? value >> 1 ^ polynomial : value >> 1;
	return value;
}

static int write_table(const char *name, const char *begin, const char *end, uint32_t polynomial)
{
	FILE *file = fopen(name, "w");

	if (!file) {
		perror(name);
		return 1;
	}
	fputs(begin, file);
	for (uint32_t byte = 0; byte < 256; byte++)
		fprintf(file, "    %#010x,\n", entry(byte, polynomial));
	fputs(end, file);
	return fclose(file) ? 1 : 0;
}

int main(int argc, char **argv)
{
	uint32_t polynomial = argc == 2 ? strtoul(argv[1], NULL, 16) : 0;

	if (!polynomial || mkdir("crc", 0755)) {
		fputs("usage: crc32 POLYNOMIAL, in an empty directory\n", stderr);
		return 1;
	}
	return write_table("crc32.rs", "const CRC32: [u32; 256] = [\n", "];\n", polynomial) ||
	       write_table("crc/crc32.h", "static const u32 crc32[256] = {\n", "};\n", polynomial);
}

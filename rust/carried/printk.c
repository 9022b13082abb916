// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that was built without Rust does not know %pA, by which Rust prints
 * (lib/vsprintf.c). So modules that bring the Rust crates with them call this
 * in place of _printk, and what %pA stands for is formatted here.
 */
#include <linux/kern_levels.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>

/* About as much as fits into one record of the log (LOG_LINE_MAX in kernel/printk/printk.c). */
#define LINE_SIZE 976

char *rust_fmt_argument(char *buf, char *end, const void *ptr);
int kmod_rust_printk(const char *format, ...);

/* Formats are a level, then "%s: %pA" or "%pA" (rust/kernel/print.rs). */
int kmod_rust_printk(const char *format, ...)
{
	const char *rest = printk_skip_level(format);
	const char *name = NULL;
	char line[LINE_SIZE];
	char *last = line + sizeof(line) - 1;
	va_list arguments;
	int printed;

	va_start(arguments, format);
	if (!strcmp(rest, "%s: %pA"))
		name = va_arg(arguments, const char *);
	else if (strcmp(rest, "%pA")) {
		printed = vprintk(format, arguments);
		va_end(arguments);
		return printed;
	}
	/* It tells where the text would have ended, had it fit. */
	*min(rust_fmt_argument(line, last, va_arg(arguments, const void *)), last) = '\0';
	va_end(arguments);

	if (!name)
		return _printk("%.*s%s", (int)(rest - format), format, line);
	return _printk("%.*s%s: %s", (int)(rest - format), format, name, line);
}

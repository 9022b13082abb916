// SPDX-License-Identifier: GPL-2.0
/* A module of C that calls functions which a module of Rust exports. */
#define pr_fmt(text) KBUILD_MODNAME ": " text

#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/string.h>

#include <rust_export.h>

static char *text = "Wikipedia";
module_param(text, charp, 0444);
MODULE_PARM_DESC(text, "What to make a digest of");

static int __init c_uses_rust_init(void)
{
	struct digest digest = digest_new();
	u32 sum = 0;
	size_t at;

	for (at = 0; at < strlen(text); at++)
		sum = digest_add(&digest, &text[at], 1);
	pr_info("the digest of %s is %08x\n", text, sum);
	pr_info("%d digests\n", atomic_read(&digests));
	return 0;
}

static void __exit c_uses_rust_exit(void)
{
}

module_init(c_uses_rust_init);
module_exit(c_uses_rust_exit);
MODULE_AUTHOR("The scons-kmod authors");
MODULE_DESCRIPTION("C that uses a module of Rust");
MODULE_LICENSE("GPL");

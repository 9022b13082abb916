/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of export_c are to each other. */
#include <linux/atomic.h>
#include <linux/init.h>

/* All values that any meter was given. */
extern atomic_t meter_values;

#ifdef CONFIG_DEBUG_FS
void __init debug_begin(void);
void debug_end(void);
#else
static inline void debug_begin(void) {}
static inline void debug_end(void) {}
#endif

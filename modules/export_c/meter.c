// SPDX-License-Identifier: GPL-2.0
#include <linux/export.h>
#include <linux/math64.h>

#include <export_c.h>
#include "meter.h"

atomic_t meter_values = ATOMIC_INIT(0);

u32 meter_add(struct meter *meter, u32 value)
{
	atomic_inc(&meter_values);
	meter->sum += value;
	return ++meter->count;
}
EXPORT_SYMBOL_NS_GPL(meter_add, METER_NAMESPACE);

u32 meter_mean(const struct meter *meter)
{
	return meter->count ? div_u64(meter->sum, meter->count) : 0;
}
EXPORT_SYMBOL_NS_GPL(meter_mean, METER_NAMESPACE);

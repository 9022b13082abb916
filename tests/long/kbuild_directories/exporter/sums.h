/* SPDX-License-Identifier: GPL-2.0 */
struct sums {
	u64 a;
	u64 b;
};

int sum_of(int a, int b);
u64 sum_of_long(const struct sums *sums);

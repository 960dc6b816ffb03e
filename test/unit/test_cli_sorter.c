/* Rows held and given back in the order of a column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/row_sorter.h"

static PpdlError err;

static PpdlStatus
add(PpdlRowSorter *s, const char *key, int n)
{
	char		id[16],
				other[] = "";
	char	   *text[] = {id, other};
	double		x[3] = {n, n / 2.0, -n},
				y[1] = {n % 2};

	snprintf(id, sizeof id, "row %d", n);
	return ppdl_row_sorter_add(s, key, x, y, n % 3 != 0, text, &err);
}

static int
number(const PpdlRowSorter *s, uint64_t i)
{
	PpdlSortedRow row;
	int			n;
	char		id[16];

	ppdl_row_sorter_get(s, i, &row);
	n = (int) row.x[0];
	assert_true(row.x[1] == n / 2.0 && row.x[2] == -n && row.y[0] == n % 2);
	assert_int_equal(row.has_label, n % 3 != 0);
	snprintf(id, sizeof id, "row %d", n);
	assert_string_equal(ppdl_sorted_text(&row, 0), id);
	assert_string_equal(ppdl_sorted_text(&row, 1), "");
	return n;
}

/* by the key's bytes; equal ones as they came */
static void
test_order(void **state)
{
	static const char *const key[] = {"b", "", "\xC3\xA4", "ab", "a", "10", "9"};
	static const int rank[] = {5, 0, 6, 4, 3, 1, 2};
	PpdlRowSorter *s;
	int			last = -1;

	assert_int_equal(ppdl_row_sorter_create(&s, 3, 1, 2, (size_t) 64 << 20, &err), PPDL_OK);
	ppdl_row_sorter_sort(s);
	for (int n = 0; n < 70000; n++)
		assert_int_equal(add(s, key[n % 7], n), PPDL_OK);
	ppdl_row_sorter_sort(s);
	assert_int_equal(ppdl_row_sorter_rows(s), 70000);
	for (uint64_t i = 0; i < 70000; i++)
	{
		int			n = number(s, i);

		assert_true(last < 0 || rank[last % 7] < rank[n % 7] || (rank[last % 7] == rank[n % 7] && last < n));
		last = n;
	}
	ppdl_row_sorter_destroy(s);
}

/* the limit is an error that keeps what was there */
static void
test_limit(void **state)
{
	PpdlRowSorter *s;
	PpdlStatus	status = PPDL_OK;
	int			n = 0;
	char	   *large = malloc((size_t) 2 << 20);

	assert_int_equal(ppdl_row_sorter_create(&s, 3, 1, 2, (size_t) 2 << 20, &err), PPDL_OK);
	memset(large, 'x', (size_t) 2 << 20);
	large[((size_t) 2 << 20) - 1] = 0;
	assert_int_equal(add(s, large, 0), PPDL_ERR_RANGE);
	free(large);
	while (status == PPDL_OK)
		status = add(s, "k", n++);
	assert_int_equal(status, PPDL_ERR_RANGE);
	assert_true(n > 10000);
	ppdl_row_sorter_sort(s);
	assert_int_equal(ppdl_row_sorter_rows(s), n - 1);
	for (int i = 0; i < n - 1; i++)
		assert_int_equal(number(s, (uint64_t) i), i);
	ppdl_row_sorter_destroy(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

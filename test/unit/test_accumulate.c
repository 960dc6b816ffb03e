/* The inner loop of sums, with vectors and without; make check runs it for arm64, too, on an emulator. */
#include "ring_values.h"

#include "base/bytes.h"
#include "rows/accumulate.h"

/* vector and scalar unpacking agree, and read no byte beyond the residues */
static void
test_unpack(void **state)
{
	for (int n = 0; n < 2000; n++)
	{
		int			bits = 1 + (int) (next64() % 50);
		size_t		count = ((size_t) 1 << next64() % 7) + (n % 3 == 0 ? next64() % 5 : 0),
					bytes = ppdl_packed_size(count, bits);
		uint64_t   *v = malloc(count * 8),
				   *acc = calloc(count, 8);
		uint8_t    *packed = malloc(bytes);
		PpdlUnpackPlan plan;

		for (size_t i = 0; i < count; i++)
			v[i] = next64() >> (64 - bits);
		ppdl_pack_bits(packed, v, count, bits);
		ppdl_unpack_plan(&plan, count, bits);
		assert_int_equal(plan.bytes, bytes);
		for (int level = 0; level <= (int) ppdl_cpu_best(); level++)
		{
			ppdl_cpu_force((PpdlCpu) level);
			ppdl_unpack_add(&plan, acc, packed);
			for (size_t i = 0; i < count; i++)
				assert_true(acc[i] == (uint64_t) (level + 1) * v[i]);
		}
		free(v);
		free(acc);
		free(packed);
	}
	ppdl_cpu_force(ppdl_cpu_best());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpack),
	};

	seed_tests();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

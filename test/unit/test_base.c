/* The base floor: bytes, bit packing, errors, memory, threads, and the choice of vector kernels. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/text.h"
#include "base/threads.h"

static uint64_t seed;

static uint64_t
next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void
reader_returns_what_the_writer_wrote(void **state)
{
	PpdlWriter	w;
	PpdlReader	r;

	ppdl_writer_init(&w);
	ppdl_write_u8(&w, 0xab);
	ppdl_write_u16(&w, 0x1234);
	ppdl_write_u32(&w, 0xdeadbeef);
	ppdl_write_u64(&w, UINT64_C(0x0123456789abcdef));
	ppdl_write_f64(&w, -0.1);
	ppdl_write_bytes(&w, "ppdl", 4);
	assert_false(w.bad);
	assert_int_equal(w.len, 1 + 2 + 4 + 8 + 8 + 4);
	/* little endian, whatever the machine */
	assert_int_equal(w.buf[1], 0x34);
	assert_int_equal(w.buf[3], 0xef);

	r = ppdl_reader(w.buf, w.len);
	assert_int_equal(ppdl_read_u8(&r), 0xab);
	assert_int_equal(ppdl_read_u16(&r), 0x1234);
	assert_true(ppdl_read_u32(&r) == 0xdeadbeef);
	assert_true(ppdl_read_u64(&r) == UINT64_C(0x0123456789abcdef));
	assert_true(ppdl_read_f64(&r) == -0.1);
	assert_memory_equal(ppdl_read_bytes(&r, 4), "ppdl", 4);
	assert_int_equal(ppdl_reader_left(&r), 0);
	assert_false(r.bad);
	ppdl_writer_free(&w);
}

static void
reader_never_passes_the_end(void **state)
{
	for (size_t len = 0; len < 8; len++)
	{
		/* an exact heap block, so that the sanitizer sees one byte too many */
		uint8_t    *block = malloc(len > 0 ? len : 1);
		PpdlReader	r = ppdl_reader(block, len);

		assert_non_null(block);
		memset(block, 0xff, len);
		assert_true(ppdl_read_u64(&r) == 0);
		assert_true(r.bad);
		assert_int_equal(ppdl_read_u8(&r), 0);
		assert_null(ppdl_read_bytes(&r, SIZE_MAX));
		free(block);
	}
}

static void
packed_bits_come_back(void **state)
{
	for (int bits = 1; bits <= 56; bits++)
	{
		size_t		n = 1 + next() % 70;
		size_t		bytes = ppdl_packed_size(n, bits);
		uint64_t   *in = malloc(n * sizeof *in),
				   *out = malloc(n * sizeof *out);
		uint8_t    *packed = malloc(bytes);

		assert_true(in && out && packed);
		assert_int_equal(bytes, (n * bits + 7) / 8);
		for (size_t i = 0; i < n; i++)
			in[i] = next() & ((UINT64_C(1) << bits) - 1);
		memset(packed, 0xff, bytes);
		ppdl_pack_bits(packed, in, n, bits);
		ppdl_unpack_bits(out, packed, n, bits);
		assert_memory_equal(in, out, n * sizeof *in);
		if (n * bits % 8 != 0)
			assert_int_equal(packed[bytes - 1] >> (n * bits % 8), 0);
		free(in);
		free(out);
		free(packed);
	}
}

static void
errors_carry_code_message_detail_and_hint(void **state)
{
	PpdlError	err;

	assert_int_equal(ppdl_error(&err, PPDL_ERR_RANGE, "value %d of %s", 7, "row 3"), PPDL_ERR_RANGE);
	assert_int_equal(err.code, PPDL_ERR_RANGE);
	assert_string_equal(err.message, "value 7 of row 3");
	assert_string_equal(err.detail, "");
	assert_string_equal(err.hint, "");
	assert_int_equal(ppdl_error_detail(&err, PPDL_ERR_RANGE, "more"), PPDL_ERR_RANGE);
	assert_int_equal(ppdl_error_hint(&err, PPDL_ERR_RANGE, "do %s", "this"), PPDL_ERR_RANGE);
	assert_string_equal(err.detail, "more");
	assert_string_equal(err.hint, "do this");
	assert_int_equal(ppdl_error(NULL, PPDL_ERR_IO, "nobody listens"), PPDL_ERR_IO);
	/* a long message is cut, never overrun */
	assert_int_equal(ppdl_error(&err, PPDL_ERR_FORMAT, "%01000d", 1), PPDL_ERR_FORMAT);
	assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

/* characters of one to four bytes, cut anywhere: the whole ones stay, in a text, with a precision and in a long message */
static void
texts_are_cut_between_characters(void **state)
{
	static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const int begin[] = {0, 1, 3, 6, 10, 11};
	char		filler[sizeof ((PpdlError *) 0)->message],
				shown[sizeof text];
	PpdlError	err;

	for (int most = 0; most <= 14; most++)
	{
		int			want = 0;

		for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
			want = begin[i] <= most ? begin[i] : want;
		assert_int_equal(ppdl_text_cut(text, most), want);
		snprintf(shown, sizeof shown, "%.*s", PPDL_CUT(text, most));
		assert_int_equal(strlen(shown), want);
		if (most < (int) sizeof text)
			assert_int_equal(ppdl_text_whole(text, (size_t) most), want);
	}
	/* no UTF-8: as long as it was, or up to three less */
	for (int most = 0; most <= 6; most++)
		assert_in_range(ppdl_text_cut("\xa4\xa4\xa4\xa4\xa4\xa4", most), most < 3 ? 0 : most - 3, most);
	for (int room = 0; room <= 11; room++)
	{
		const size_t before = sizeof err.message - 1 - (size_t) room;

		memset(filler, 'x', before);
		filler[before] = '\0';
		ppdl_error(&err, PPDL_ERR_FORMAT, "%s%s%s", filler, text, text);
		ppdl_error_detail(&err, PPDL_ERR_FORMAT, "%s%s%s", filler, text, text);
		ppdl_error_hint(&err, PPDL_ERR_FORMAT, "%s%s%s", filler, text, text);
		assert_int_equal(strlen(err.message), before + (size_t) ppdl_text_cut(text, room));
		assert_string_equal(err.message, err.detail);
		assert_string_equal(err.message, err.hint);
	}
}

static void
pool_reuses_aligned_buffers_and_counts_them(void **state)
{
	PpdlPool   *pool = ppdl_pool_create();
	void	   *a,
			   *b;
	size_t		held;

	assert_non_null(pool);
	a = ppdl_pool_get(pool, 1000);
	b = ppdl_pool_get(pool, 1000);
	assert_true(a && b && a != b);
	assert_int_equal((uintptr_t) a % 64, 0);
	assert_int_equal((uintptr_t) b % 64, 0);
	memset(a, 1, 1000);
	memset(b, 2, 1000);
	held = ppdl_pool_bytes(pool);
	assert_true(held >= 2000);
	ppdl_pool_put(pool, a);
	ppdl_pool_put(pool, NULL);
	assert_ptr_equal(ppdl_pool_get(pool, 1000), a);
	assert_int_equal(ppdl_pool_bytes(pool), held);
	ppdl_pool_put(pool, a);
	ppdl_pool_trim(pool);
	assert_true(ppdl_pool_bytes(pool) < held);
	assert_true(ppdl_pool_peak(pool) >= held);
	ppdl_pool_destroy(pool);	/* b is still out: the pool frees it */
	ppdl_pool_destroy(NULL);
}

#define TURNS 1000

static void
count_turn(void *arg, int i)
{
	((int *) arg)[i]++;
}

static void
every_turn_of_a_loop_runs_once(void **state)
{
	for (int threads = 1; threads <= 5; threads += 2)
	{
		PpdlThreads *pool = NULL;
		PpdlError	err;
		int			count[TURNS] = {0};

		assert_int_equal(ppdl_threads_create(&pool, threads, &err), PPDL_OK);
		assert_int_equal(ppdl_threads_count(pool), threads);
		for (int round = 1; round <= 20; round++)
		{
			ppdl_parallel_for(pool, TURNS, count_turn, count);
			for (int i = 0; i < TURNS; i++)
				assert_int_equal(count[i], round);
		}
		ppdl_parallel_for(pool, 0, count_turn, NULL);
		ppdl_threads_destroy(pool);
	}
	{
		PpdlThreads *pool = NULL;
		PpdlError	err;
		int			count[3] = {0};

		assert_int_equal(ppdl_threads_create(&pool, 0, &err), PPDL_ERR_ARGUMENT);
		assert_int_equal(ppdl_threads_create(&pool, 257, &err), PPDL_ERR_ARGUMENT);
		ppdl_parallel_for(NULL, 3, count_turn, count);
		assert_int_equal(count[0] + count[1] + count[2], 3);
	}
}

static void
vector_level_can_only_be_lowered(void **state)
{
	PpdlCpu		best = ppdl_cpu_best();

	assert_true(ppdl_cpu() <= best);
	assert_int_equal(ppdl_cpu_force(PPDL_CPU_SCALAR), PPDL_CPU_SCALAR);
	assert_int_equal(ppdl_cpu(), PPDL_CPU_SCALAR);
	assert_int_equal(ppdl_cpu_force(PPDL_CPU_LEVELS - 1), best);
	assert_int_equal(ppdl_cpu(), best);
}

static void
locked_memory_is_zeroed_and_left_out_of_cores(void **state)
{
	const size_t size = 70000;
	uint8_t    *p = ppdl_lock_alloc(size);
	char		line[256];
	int			here = 0,
				left_out = 0;
	FILE	   *maps = fopen("/proc/self/smaps", "r");

	assert_non_null(p);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(p[i], 0);
	memset(p, 0xA5, size);
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL)
	{
		unsigned long from,
					to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= (uintptr_t) p && (uintptr_t) p < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			left_out |= strstr(line, " dd") != NULL;
	}
	if (maps != NULL)
	{
		assert_true(left_out);
		fclose(maps);
	}
	ppdl_lock_free(p, size);
	ppdl_lock_free(NULL, size);
	assert_null(ppdl_lock_alloc(SIZE_MAX));
}

static void
secret_writers_grow_without_loss(void **state)
{
	PpdlWriter	w;

	ppdl_writer_init_secret(&w);
	for (int i = 0; i < 5000; i++)
		ppdl_write_u16(&w, (uint16_t) i);
	assert_int_equal(w.len, 10000);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(w.buf[2 * i] | w.buf[2 * i + 1] << 8, i);
	ppdl_writer_free(&w);
}

/* a limit makes the second write short, and the third fail */
static void
files_are_written_whole_or_refused(void **state)
{
	char		path[] = "/tmp/ppdl-base.XXXXXX";
	const int	fd = mkstemp(path);
	uint8_t		back[3000];
	struct rlimit before;
	PpdlWriter	w;

	assert_true(fd >= 0);
	unlink(path);
	ppdl_writer_init(&w);
	for (int i = 0; i < 1500; i++)
		ppdl_write_u16(&w, (uint16_t) next());
	assert_int_equal(ppdl_write_durably(fd, &w), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 3000);
	assert_int_equal(pread(fd, back, sizeof back, 0), 3000);
	assert_memory_equal(back, w.buf, 3000);

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit) {4000, before.rlim_max}), 0);
	assert_int_equal(ppdl_write_durably(fd, &w), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 4000);
	close(fd);
	ppdl_writer_free(&w);
}

static void
test_hex(void **state)
{
	static const char small[] = "0123456789abcdef",
				large[] = "0123456789ABCDEF";
	uint8_t		all[256],
				back[256];
	char		text[513];

	(void) state;
	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t) i;
	ppdl_hex_write(text, all, sizeof all);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_string_equal(text + 508, "feff");
	assert_true(ppdl_hex_read(back, text, sizeof back));
	assert_memory_equal(all, back, sizeof all);
	ppdl_hex_write(text, all, 0);
	assert_string_equal(text, "");
	assert_true(ppdl_hex_read(back, "", 0));
	/* as they are written: in lower case, and so many */
	for (int c = 0; c < 256; c++)
	{
		const int	value = ppdl_hex_digit((char) c);
		const char	high[] = {(char) c, '7', 0},
					low[] = {'7', (char) c, 0};
		const char *lower = c == 0 ? NULL : strchr(small, c),
				   *upper = c == 0 ? NULL : strchr(large, c);

		assert_int_equal(value, lower ? lower - small : upper ? upper - large : -1);
		assert_int_equal(ppdl_hex_read(back, high, 1), lower != NULL);
		assert_int_equal(ppdl_hex_read(back, low, 1), lower != NULL);
		assert_int_equal(ppdl_hex_read_typed(back, high, 1), value >= 0);
		if (value >= 0)
			assert_int_equal(back[0], 16 * value + 7);
		assert_int_equal(ppdl_hex_read_typed(back, low, 1), value >= 0);
	}
	assert_false(ppdl_hex_read(back, "7", 1));
}

static void
test_names(void **state)
{
	char		list[32] = "",
				whole[200];

	(void) state;
	ppdl_names_add(list, sizeof list, "\"%s\"", "Age");
	ppdl_names_add(list, sizeof list, "%d", 7);
	assert_string_equal(list, "\"Age\", 7");
	/* what does not fit ends the list, also for what would */
	ppdl_names_add(list, sizeof list, "%s", "a name that is too long for it");
	ppdl_names_add(list, sizeof list, "b");
	ppdl_names_end(list, sizeof list);
	assert_string_equal(list, "\"Age\", 7, ...");
	/* of all lengths: whole names, in their room */
	for (size_t size = 6; size < sizeof list; size++)
		for (int length = 1; length < 12; length++)
		{
			list[0] = whole[0] = 0;
			list[size] = '#';
			for (int i = 0; i < 6; i++)
			{
				const size_t len = strlen(list);

				ppdl_names_add(list, size, "%.*s", length, "abcdefghijkl");
				sprintf(whole + strlen(whole), "%s%.*s", i ? ", " : "", length, "abcdefghijkl");
				assert_true(strlen(list) < size && strlen(list) >= len);
			}
			assert_int_equal(list[size], '#');
			if (strcmp(list, whole) != 0)
			{
				assert_string_equal(list + strlen(list) - 3, "...");
				assert_memory_equal(list, whole, strlen(list) - 3);
			}
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_returns_what_the_writer_wrote),
		cmocka_unit_test(reader_never_passes_the_end),
		cmocka_unit_test(packed_bits_come_back),
		cmocka_unit_test(errors_carry_code_message_detail_and_hint),
		cmocka_unit_test(texts_are_cut_between_characters),
		cmocka_unit_test(pool_reuses_aligned_buffers_and_counts_them),
		cmocka_unit_test(locked_memory_is_zeroed_and_left_out_of_cores),
		cmocka_unit_test(secret_writers_grow_without_loss),
		cmocka_unit_test(files_are_written_whole_or_refused),
		cmocka_unit_test(every_turn_of_a_loop_runs_once),
		cmocka_unit_test(vector_level_can_only_be_lowered),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_names),
	};

	seed = (uint64_t) time(NULL) * 2654435761u | 1;
	printf("# seed %llu\n", (unsigned long long) seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

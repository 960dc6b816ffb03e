/* Stored keys: round trips, and bytes that must be refused. */
#include "ckks_fixture.h"

#include "ckks/wire.h"

static Fixture *row;

static void
write_switch_key(PpdlWriter *w, uint32_t id, int limbs)
{
	PpdlSwitchKey *key;

	OK(ppdl_eval_key_create(&key, id, row->sk, limbs, row->rng, NULL, &err));
	ppdl_writer_init(w);
	OK(ppdl_wire_put_switch_key(w, key, &err));
	ppdl_switch_key_destroy(key);
}

static void
round_trip(uint32_t id, int limbs)
{
	PpdlSwitchKey *key,
			   *back;
	PpdlSwitchKeyInfo info;
	PpdlThreads *threads;
	PpdlWriter	w;
	PpdlReader	r;
	size_t		bytes;

	OK(ppdl_eval_key_create(&key, id, row->sk, limbs, row->rng, NULL, &err));
	ppdl_writer_init(&w);
	ppdl_write_u32(&w, 99);		/* keys may follow other data */
	OK(ppdl_wire_put_switch_key(&w, key, &err));
	ppdl_write_u32(&w, 98);
	r = ppdl_reader(w.buf, w.len);
	assert_int_equal(ppdl_read_u32(&r), 99);
	OK(ppdl_wire_peek_switch_key(r, &info, &err));
	assert_int_equal(info.ring, PPDL_RING_ROW);
	assert_int_equal(info.id, id);
	assert_int_equal(info.limbs, limbs);
	assert_int_equal(info.np, 2);
	assert_int_equal(info.ndigits, key->ndigits);
	OK(ppdl_threads_create(&threads, 1 + limbs % 3, &err));
	OK(ppdl_wire_get_switch_key(&r, &back, threads, &err));
	ppdl_threads_destroy(threads);
	assert_int_equal(ppdl_read_u32(&r), 98);
	assert_int_equal(ppdl_reader_left(&r), 0);
	bytes = ppdl_switch_key_bytes(key);
	assert_int_equal(bytes, ppdl_switch_key_bytes(back));
	assert_memory_equal(key->b, back->b, bytes);
	assert_memory_equal(key->a, back->a, bytes);
	print_message("key %u of %d limbs: %zu bytes, %zu in memory\n", id, limbs, w.len - 8, 2 * bytes);
	ppdl_writer_free(&w);
	ppdl_switch_key_destroy(key);
	ppdl_switch_key_destroy(back);
}

static void
test_round_trip(void **state)
{
	PpdlPublicKey *pk,
			   *back;
	PpdlWriter	w;
	PpdlReader	r;
	size_t		bytes = (size_t) row->par->nq * row->par->n * 8;

	round_trip(PPDL_KEY_RELIN, 8);
	round_trip(5, 3);
	round_trip(32767, 1);
	OK(ppdl_public_key_create(&pk, row->sk, row->rng, &err));
	ppdl_writer_init(&w);
	OK(ppdl_wire_put_public_key(&w, pk, &err));
	r = ppdl_reader(w.buf, w.len);
	OK(ppdl_wire_get_public_key(&r, &back, &err));
	assert_memory_equal(pk->b, back->b, bytes);
	assert_memory_equal(pk->a, back->a, bytes);
	ppdl_public_key_destroy(back);
	/* a public key is no switching key */
	r = ppdl_reader(w.buf, w.len);
	assert_int_equal(ppdl_wire_get_switch_key(&r, &(PpdlSwitchKey *) {NULL}, NULL, &err), PPDL_ERR_FORMAT);
	for (size_t len = 0; len < w.len; len += len < 64 ? 1 : 99991)
	{
		r = ppdl_reader(w.buf, len);
		assert_int_equal(ppdl_wire_get_public_key(&r, &back, &err), PPDL_ERR_FORMAT);
		assert_null(back);
	}
	ppdl_writer_free(&w);
	ppdl_public_key_destroy(pk);
}

static void
test_truncated(void **state)
{
	PpdlWriter	w;
	PpdlReader	r;
	PpdlSwitchKey *key;

	write_switch_key(&w, 5, 1);
	for (size_t len = 0; len < w.len; len += len < 64 || len > w.len - 20 ? 1 : (w.len - 19 - len) / 3 + 1)
	{
		/* a copy of its own, so that reading past the end is an error of the sanitizer */
		uint8_t    *copy = malloc(len + !len);

		memcpy(copy, w.buf, len);
		r = ppdl_reader(copy, len);
		assert_int_equal(ppdl_wire_get_switch_key(&r, &key, NULL, &err), PPDL_ERR_FORMAT);
		assert_null(key);
		free(copy);
	}
	ppdl_writer_free(&w);
}

static void
test_flipped(void **state)
{
	PpdlWriter	w;
	PpdlReader	r;
	PpdlSwitchKey *key;
	PpdlStatus	status;

	write_switch_key(&w, 5, 1);
	/* every bit of header and seed, then some of the rest, and the digest */
	for (size_t bit = 0; bit < w.len * 8; bit += bit < 48 * 8 || bit > (w.len - 17) * 8 ? 1 : 160001)
	{
		w.buf[bit / 8] ^= (uint8_t) (1 << bit % 8);
		r = ppdl_reader(w.buf, w.len);
		status = ppdl_wire_get_switch_key(&r, &key, NULL, &err);
		assert_true(status == PPDL_ERR_FORMAT || status == PPDL_ERR_VERSION);
		assert_null(key);
		w.buf[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	/* a residue equal to its modulus */
	{
		uint64_t	q = row->par->ring->mod[0].q;

		ppdl_pack_bits(w.buf + 48, &q, 1, row->par->ring->mod[0].bits);
		r = ppdl_reader(w.buf, w.len);
		assert_int_equal(ppdl_wire_get_switch_key(&r, &key, NULL, &err), PPDL_ERR_FORMAT);
		assert_non_null(strstr(err.message, "modulus"));
	}
	ppdl_writer_free(&w);
}

static void
test_foreign(void **state)
{
	Fixture    *toy = fixture_new(&toy8, 0, 1);
	PpdlSwitchKey *key;
	PpdlWriter	w;
	PpdlReader	r;

	/* a ring that is not built in is unknown to the reader */
	OK(ppdl_eval_key_create(&key, 5, toy->sk, 2, toy->rng, NULL, &err));
	ppdl_writer_init(&w);
	OK(ppdl_wire_put_switch_key(&w, key, &err));
	ppdl_switch_key_destroy(key);
	r = ppdl_reader(w.buf, w.len);
	assert_int_equal(ppdl_wire_get_switch_key(&r, &key, NULL, &err), PPDL_ERR_VERSION);
	ppdl_writer_free(&w);
	fixture_free(toy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_foreign),
	};
	int			failed;

	row = fixture_new(NULL, PPDL_RING_ROW, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_free(row);
	return failed;
}

/*
 * Writers: their keys and files, seeds sealed to the owner, and sums of rows of five writers and their owner against
 * plain sums.
 */
#include "rows_util.h"

#include <unistd.h>

#include "ckks/wire.h"
#include "owner/owner_impl.h"
#include "owner/seal.h"
#include "owner/writer.h"
#include "rows/combine.h"
#include "rows/pack.h"
#include "rows/packed_state.h"
#include "rows/packed_switch.h"
#include "rows/packed_writer.h"
#include "rows/row.h"
#include "rows/row_set.h"
#include "rows/sum_keys.h"
#include "rows/switch.h"

#define WRITERS 5
#define WIDTH 3

static const PpdlScrypt cheap = {4, 1, 1};
static char dir[] = "/tmp/ppdl_test_writers_XXXXXX";
static PpdlOwner *owner,
		   *writer[WRITERS];
static PpdlRecipient recipient;
static PpdlPool *pool;
static PpdlEval ev;

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* ------------------------------------------------------------------ keys for the evaluator */

#define MAX_MADE 64

static struct
{
	uint8_t		key[8];
	PpdlSwitchKey *switch_key;
}			made[MAX_MADE];
static int	made_count;

static PpdlOwner *
owner_of(const uint8_t key[8])
{
	for (int i = 0; i < WRITERS; i++)
		if (memcmp(ppdl_owner_fingerprint(writer[i]), key, 8) == 0)
			return writer[i];
	return memcmp(ppdl_owner_fingerprint(owner), key, 8) == 0 ? owner : NULL;
}

/* from the wire form, as a server has it */
static PpdlStatus
make_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	PpdlOwner  *of = owner_of(arg == NULL ? ppdl_owner_fingerprint(owner) : arg);
	const uint8_t *fp = ppdl_owner_fingerprint(of);
	const PpdlKeyNeed need = {.ring = ring, .id = id, .np = 2,
		.limbs = id == PPDL_KEY_TO_OWNER ? 2 : id == PPDL_KEY_TO_OWNER_PACKED || id % 2 == 1 ? 8 : 1};
	PpdlWriter	w;
	PpdlReader	r;

	assert_non_null(of);
	for (int i = 0; i < made_count; i++)
		if (memcmp(made[i].key, fp, 8) == 0 && made[i].switch_key->id == id)
		{
			*key = made[i].switch_key;
			return PPDL_OK;
		}
	assert_true(made_count < MAX_MADE);
	ppdl_writer_init(&w);
	OK(of == owner ? ppdl_owner_eval_key(of, &need, NULL, &w, ERR) :
	   ppdl_writer_part(of, &recipient, &need, NULL, &w, ERR));
	r = ppdl_reader(w.buf, w.len);
	OK(ppdl_wire_get_switch_key(&r, &made[made_count].switch_key, NULL, ERR));
	assert_int_equal(ppdl_reader_left(&r), 0);
	ppdl_writer_free(&w);
	memcpy(made[made_count].key, fp, 8);
	*key = made[made_count++].switch_key;
	return PPDL_OK;
}

static PpdlStatus
writes_for(void *arg, const uint8_t key[8], uint8_t of[8], PpdlError *err)
{
	const PpdlOwner *o = owner_of(key);

	memcpy(of, key, 8);
	if (o != NULL && ppdl_owner_writes_for(o) != NULL)
		memcpy(of, ppdl_owner_writes_for(o), 8);
	return PPDL_OK;
}

static int
setup(void **state)
{
	const PpdlParams *par;
	PpdlPublicFile *f;

	test_seed("test_writers");
	assert_non_null(mkdtemp(dir));
	OK(ppdl_owner_generate(&owner, "hospital", ERR));
	OK(ppdl_owner_write_public(owner, path_of("hospital.pub"), PPDL_USE_SUM, NULL, NULL, NULL, ERR));
	OK(ppdl_public_file_open(&f, path_of("hospital.pub"), ERR));
	OK(ppdl_recipient_read(&recipient, f, ERR));
	ppdl_public_file_close(f);
	for (int i = 0; i < WRITERS; i++)
	{
		char		name[16];

		snprintf(name, sizeof(name), "ward%d", i);
		OK(ppdl_owner_generate_writer(&writer[i], name, ppdl_owner_fingerprint(owner), ERR));
	}
	pool = ppdl_pool_create();
	assert_non_null(pool);
	OK(ppdl_params_get(PPDL_RING_ROW, &par, ERR));
	OK(ppdl_eval_init(&ev, par, pool, NULL, ERR));
	ev.get_key = make_key;
	return 0;
}

static int
teardown(void **state)
{
	ppdl_eval_fini(&ev);
	ppdl_pool_destroy(pool);
	for (int i = 0; i < made_count; i++)
		ppdl_switch_key_destroy(made[i].switch_key);
	for (int i = 0; i < WRITERS; i++)
		ppdl_owner_destroy(writer[i]);
	ppdl_recipient_free(&recipient);
	ppdl_owner_destroy(owner);
	unlink(path_of("hospital.pub"));
	return rmdir(dir);
}

/* ------------------------------------------------------------------ files */

static void
test_key_file(void **state)
{
	char		name[64],
				fp[17],
				of[17],
				want[17];
	PpdlOwner  *o;
	PpdlWriter	w;
	FILE	   *f;

	ppdl_writer_init(&w);
	OK(ppdl_key_file_write(writer[0], "passphrase", &cheap, &w, ERR));
	assert_non_null(memmem(w.buf, w.len, "\"format\":\"ppdl-writer-key\"", 26));
	OK(ppdl_owner_read(&o, (char *) w.buf, w.len, "passphrase", ERR));
	assert_string_equal(ppdl_owner_name(o), "ward0");
	assert_memory_equal(ppdl_owner_fingerprint(o), ppdl_owner_fingerprint(writer[0]), 8);
	assert_memory_equal(ppdl_owner_writes_for(o), ppdl_owner_fingerprint(owner), 8);
	assert_null(ppdl_owner_writes_for(owner));
	ppdl_owner_destroy(o);
	f = fopen(path_of("ward0.key"), "w");
	assert_non_null(f);
	assert_int_equal(fwrite(w.buf, 1, w.len, f), w.len);
	fclose(f);
	OK(ppdl_owner_peek_writer(path_of("ward0.key"), name, fp, of, ERR));
	ppdl_fingerprint_hex(want, ppdl_owner_fingerprint(owner));
	assert_string_equal(of, want);
	unlink(path_of("ward0.key"));
	/* whose writer it is cannot be changed */
	{
		char	   *at = memmem(w.buf, w.len, want, 16);

		assert_non_null(at);
		*at = *at == '0' ? '1' : '0';
		FAILS(PPDL_ERR_KEY, ppdl_owner_read(&o, (char *) w.buf, w.len, "passphrase", ERR));
	}
	ppdl_writer_free(&w);
}

static void
test_public_file(void **state)
{
	static const struct
	{
		const char *name;
		size_t		most;
	}			parts[] = {
		{"public", 700000}, {"compact/public", 13000}, {"writer", 15000}, {"row/to_owner", 790000},
		{"row/to_owner_compact", 620000}, {"row/to_owner_packed", 7100000},
	};
	const PpdlPublicPart *part;
	PpdlPublicFile *f;
	PpdlWriterHead head;
	PpdlRecipient none;

	OK(ppdl_writer_write_public(writer[1], &recipient, path_of("ward1.pub"), PPDL_USE_PREDICT, NULL, NULL, NULL, ERR));
	OK(ppdl_public_file_open(&f, path_of("ward1.pub"), ERR));
	assert_int_equal(ppdl_public_file_count(f), 6);
	for (int i = 0; i < 6; i++)
	{
		part = ppdl_public_file_part(f, i);
		assert_string_equal(part->name, parts[i].name);
		assert_true(part->len <= parts[i].most && part->len > parts[i].most * 9 / 10);
		OK(ppdl_public_part_check(part, ERR));
	}
	OK(ppdl_public_file_writer(f, &head, &part, ERR));
	assert_string_equal(head.name, "ward1");
	assert_memory_equal(head.owner, ppdl_owner_fingerprint(owner), 8);
	assert_memory_equal(head.writer, ppdl_owner_fingerprint(writer[1]), 8);
	/* a writer has no writers */
	FAILS(PPDL_ERR_KEY, ppdl_recipient_read(&none, f, ERR));
	ppdl_recipient_free(&none);
	ppdl_public_file_close(f);
	unlink(path_of("ward1.pub"));
	OK(ppdl_public_file_open(&f, path_of("hospital.pub"), ERR));
	OK(ppdl_public_file_writer(f, &head, &part, ERR));
	assert_null(part);
	ppdl_public_file_close(f);
}

/* ------------------------------------------------------------------ sealed seeds */

static void
test_seal(void **state)
{
	PpdlWriter	w,
				again;
	PpdlOwner  *o,
			   *other;

	ppdl_writer_init(&w);
	ppdl_writer_init(&again);
	OK(ppdl_seed_seal(writer[2], &recipient, &w, ERR));
	OK(ppdl_seed_seal(writer[2], &recipient, &again, ERR));
	assert_int_equal(w.len, again.len);
	assert_memory_equal(w.buf, again.buf, w.len);
	OK(ppdl_seed_open(&o, owner, w.buf, w.len, ERR));
	assert_memory_equal(o->master, writer[2]->master, 32);
	assert_string_equal(ppdl_owner_name(o), "ward2");
	ppdl_owner_destroy(o);
	/* every part of it, and here and there in it */
	for (size_t at = 0; at < w.len; at += at < 200 || at + 70 > w.len ? 7 : 997)
	{
		uint8_t		bit = (uint8_t) (1 << test_below(8));

		w.buf[at] ^= bit;
		o = (PpdlOwner *) 1;
		if (ppdl_seed_open(&o, owner, w.buf, w.len, ERR) == PPDL_OK)
			fail_msg("byte %zu altered", at);
		assert_null(o);
		w.buf[at] ^= bit;
	}
	for (size_t len = 0; len < w.len; len += 1013)
		FAILS(PPDL_ERR_FORMAT, ppdl_seed_open(&o, owner, w.buf, len, ERR));
	/* another owner's key does not open it, nor does it when the head says that it should */
	OK(ppdl_owner_generate(&other, "clinic", ERR));
	FAILS(PPDL_ERR_KEY, ppdl_seed_open(&o, other, w.buf, w.len, ERR));
	assert_non_null(strstr(test_error.message, "writes for the owner of key"));
	memcpy(w.buf + 8, ppdl_owner_fingerprint(other), 8);
	FAILS(PPDL_ERR_KEY, ppdl_seed_open(&o, other, w.buf, w.len, ERR));
	ppdl_owner_destroy(other);
	ppdl_writer_free(&w);
	ppdl_writer_free(&again);
}

/* the encapsulated message, taken for a row of the owner's, is noise: its secret serves nothing else */
static void
test_seal_is_no_row(void **state)
{
	const PpdlParams *par;
	PpdlValues	v;
	PpdlWriter	w;
	PpdlCipher	c;

	OK(ppdl_params_get(PPDL_RING_COMPACT, &par, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_seed_seal(writer[3], &recipient, &w, ERR));
	OK(ppdl_cipher_parse(&c, w.buf + 88, ppdl_row_size(par, 1, 8), ERR));
	FAILS(PPDL_ERR_PRECISION, ppdl_owner_decrypt(owner, &v, w.buf + 88, ppdl_row_size(par, 1, 8), 0, ERR));
	ppdl_values_free(&v);
	ppdl_writer_free(&w);
}

static uint8_t *
encrypt_rows(PpdlOwner *o, const double *x, int rows, int limbs, uint8_t ring, size_t *size)
{
	const PpdlBatchOptions opt = {.limbs = limbs, .scale_bits = 30, .logc = 5, .ring = ring};
	const PpdlParams *par;
	uint8_t    *slices;

	OK(ppdl_params_get(ring, &par, ERR));
	*size = ppdl_slice_size(par, limbs, 2);
	slices = malloc((size_t) rows * *size);
	assert_non_null(slices);
	OK(ppdl_owner_encrypt(o, slices, x, rows, WIDTH, &opt, ERR));
	return slices;
}

static void
test_owner_reads_writers(void **state)
{
	const double x[2 * WIDTH] = {0.5, -0.25, 1, -1, 0, 0.125};
	size_t		size;
	uint8_t    *rows = encrypt_rows(writer[4], x, 2, 1, PPDL_RING_COMPACT, &size),
			   *others = encrypt_rows(owner, x, 2, 1, PPDL_RING_COMPACT, &size);
	PpdlOwner  *tool;
	PpdlValues	v;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_owner_from_master(&tool, "hospital", owner->master, ERR));
	FAILS(PPDL_ERR_KEY, ppdl_owner_decrypt(tool, &v, rows, size, 0, ERR));
	assert_false(ppdl_owner_holds(tool, ppdl_owner_fingerprint(writer[4])));
	OK(ppdl_seed_seal(writer[4], &recipient, &w, ERR));
	for (int twice = 0; twice < 2; twice++)
		OK(ppdl_owner_add_writer(tool, w.buf, w.len, ERR));
	assert_int_equal(tool->writers, 1);
	assert_true(ppdl_owner_holds(tool, ppdl_owner_fingerprint(writer[4])));
	for (int i = 0; i < 2; i++)
	{
		OK(ppdl_owner_decrypt(tool, &v, rows + (size_t) i * size, size, 0, ERR));
		for (int f = 0; f < WIDTH; f++)
			assert_true(fabs(v.v[f] - x[i * WIDTH + f]) < 8 * v.error);
		ppdl_values_free(&v);
	}
	/* the writer reads its own, and neither another writer's nor the owner's */
	OK(ppdl_owner_decrypt(writer[4], &v, rows, size, 0, ERR));
	ppdl_values_free(&v);
	FAILS(PPDL_ERR_KEY, ppdl_owner_decrypt(writer[3], &v, rows, size, 0, ERR));
	FAILS(PPDL_ERR_KEY, ppdl_owner_decrypt(writer[4], &v, others, size, 0, ERR));
	assert_non_null(strstr(test_error.hint, "A writer reads only its own rows"));
	ppdl_owner_destroy(tool);
	ppdl_writer_free(&w);
	free(rows);
	free(others);
}

/* ------------------------------------------------------------------ switched rows and sums */

/* of what the owner reads in a value: the mean square error over what is stated */
static double
check_value(PpdlWriter *w, const double *want, double factor)
{
	PpdlValues	v;
	double		worst = 0;

	OK(ppdl_owner_decrypt(owner, &v, w->buf, w->len, 0, ERR));
	assert_int_equal(v.width, WIDTH);
	for (int f = 0; f < WIDTH; f++)
		worst = fmax(worst, fabs(v.v[f] - want[f] * factor) / v.error);
	ppdl_values_free(&v);
	if (!(worst < 8))
		fail_msg("%.1f times the stated error", worst);
	return worst;
}

static void
test_switch_rows(void **state)
{
	static const struct
	{
		int			limbs;
		uint8_t		ring;
	}			form[] = {{2, PPDL_RING_ROW}, {8, PPDL_RING_ROW}, {1, PPDL_RING_COMPACT}};

	for (int i = 0; i < 3; i++)
	{
		double		x[WIDTH] = {test_value(), test_value(), test_value()};
		size_t		size;
		uint8_t    *rows = encrypt_rows(writer[i], x, 1, form[i].limbs, form[i].ring, &size);
		PpdlWriter	w;
		PpdlCipher	c;

		ppdl_writer_init(&w);
		OK(ppdl_cipher_parse(&c, rows, size, ERR));
		OK(ppdl_switch_value(&ev, &w, &c, ppdl_owner_fingerprint(owner), ERR));
		OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
		assert_int_equal(c.par->id, PPDL_RING_ROW);
		assert_int_equal(c.limbs, form[i].limbs);
		/* the rounding of ModDown, and little else */
		assert_true(c.noise > 20 && c.noise < 40);
		check_value(&w, x, 1);
		ppdl_writer_free(&w);
		free(rows);
	}
}

/* the noise that is stated is the noise that is there: over all coefficients of a row of 2^14 values' switch */
static void
test_switch_noise(void **state)
{
	static const int widest[2] = {14, 11};
	static const uint8_t ring[2] = {PPDL_RING_ROW, PPDL_RING_COMPACT};

	for (int i = 0; i < 2; i++)
	{
		const int	width = 1 << widest[i];
		const PpdlBatchOptions opt = {.limbs = i == 0 ? 8 : 1, .scale_bits = 30, .logc = 0, .ring = ring[i]};
		const PpdlParams *par;
		double	   *x = malloc((size_t) width * sizeof(double)),
					sum = 0,
					noise;
		uint8_t    *row;
		PpdlValues	v;
		PpdlWriter	w;
		PpdlCipher	c;

		OK(ppdl_params_get(ring[i], &par, ERR));
		row = malloc(ppdl_slice_size(par, opt.limbs, widest[i]));
		assert_true(x != NULL && row != NULL);
		for (int f = 0; f < width; f++)
			x[f] = llrint(test_value() * 0x1p30) * 0x1p-30;
		OK(ppdl_owner_encrypt(writer[0], row, x, 1, width, &opt, ERR));
		OK(ppdl_cipher_parse(&c, row, ppdl_slice_size(par, opt.limbs, widest[i]), ERR));
		ppdl_writer_init(&w);
		OK(ppdl_switch_value(&ev, &w, &c, ppdl_owner_fingerprint(owner), ERR));
		OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
		OK(ppdl_owner_decrypt(owner, &v, w.buf, w.len, 0, ERR));
		for (int f = 0; f < width; f++)
			sum += (v.v[f] - x[f]) * (v.v[f] - x[f]);
		noise = sqrt(sum / width) * 0x1p30;
		print_message("switched rows of ring %s: noise %.1f, stated %.1f\n", par->name, noise, c.noise);
		assert_true(noise < 1.15 * c.noise && noise > c.noise / 1.15);
		ppdl_values_free(&v);
		ppdl_writer_free(&w);
		free(x);
		free(row);
	}
}

typedef struct Mixed
{
	uint8_t    *rows[WRITERS + 1];
	size_t		size;
	double		sum[WIDTH];
	int			each;
} Mixed;

static Mixed
mix(int each, int limbs, uint8_t ring)
{
	Mixed		m = {.each = each};

	for (int o = 0; o <= WRITERS; o++)
	{
		double	   *x = malloc((size_t) (each * WIDTH) * sizeof(double));

		assert_non_null(x);
		for (int i = 0; i < each * WIDTH; i++)
			m.sum[i % WIDTH] += x[i] = test_value();
		m.rows[o] = encrypt_rows(o < WRITERS ? writer[o] : owner, x, each, limbs, ring, &m.size);
		free(x);
	}
	return m;
}

static void
mix_free(Mixed *m)
{
	for (int o = 0; o <= WRITERS; o++)
		free(m->rows[o]);
}

static void
add_mixed(PpdlKeySums *s, const Mixed *m, int from, int to)
{
	for (int i = from; i < to; i++)
		OK(ppdl_key_sums_add_bytes(s, m->rows[i % (WRITERS + 1)] + (size_t) (i / (WRITERS + 1)) * m->size, m->size, ERR));
}

static void
check_sum(PpdlKeySums *s, const double *want, double divisor)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_key_sums_finish(s, &ev, divisor, &w, ERR));
	check_value(&w, want, 1 / divisor);
	ppdl_writer_free(&w);
}

static void
check_sums(int limbs, uint8_t ring)
{
	Mixed		m = mix(32, limbs, ring);
	const int	rows = 32 * (WRITERS + 1);
	PpdlKeySums *s,
			   *half[2];
	PpdlWriter	w;
	uint64_t	switches = ev.keyswitches;

	OK(ppdl_key_sums_create(&s, writes_for, NULL, ERR));
	add_mixed(s, &m, 0, rows);
	assert_int_equal(ppdl_key_sums_count(s), rows);
	check_sum(s, m.sum, 1);
	/* one switch a writer, and one for the owner's compact rows */
	assert_int_equal(ev.keyswitches - switches, WRITERS + (ring == PPDL_RING_COMPACT));
	check_sum(s, m.sum, rows);
	/* the same in two states, of which one went to another process */
	for (int i = 0; i < 2; i++)
	{
		OK(ppdl_key_sums_create(&half[i], writes_for, NULL, ERR));
		add_mixed(half[i], &m, i * rows / 2, (i + 1) * rows / 2);
	}
	ppdl_writer_init(&w);
	OK(ppdl_key_sums_save(half[1], &w, ERR));
	ppdl_key_sums_destroy(half[1]);
	OK(ppdl_key_sums_create(&half[1], writes_for, NULL, ERR));
	OK(ppdl_key_sums_fill(half[1], w.buf, w.len, ERR));
	OK(ppdl_key_sums_merge(half[0], half[1], ERR));
	assert_int_equal(ppdl_key_sums_count(half[0]), rows);
	assert_int_equal(ppdl_key_sums_count(half[1]), rows / 2);
	check_sum(half[0], m.sum, 1);
	/* merging into an empty one takes nothing from the other */
	ppdl_key_sums_destroy(s);
	OK(ppdl_key_sums_create(&s, writes_for, NULL, ERR));
	OK(ppdl_key_sums_merge(s, half[0], ERR));
	check_sum(half[0], m.sum, 1);
	check_sum(s, m.sum, 1);
	for (size_t len = 0; len < w.len; len += 1 + w.len / 97)
	{
		PpdlKeySums *none;

		OK(ppdl_key_sums_create(&none, NULL, NULL, ERR));
		FAILS(PPDL_ERR_FORMAT, ppdl_key_sums_fill(none, w.buf, len, ERR));
		ppdl_key_sums_destroy(none);
	}
	ppdl_writer_free(&w);
	for (int i = 0; i < 2; i++)
		ppdl_key_sums_destroy(half[i]);
	ppdl_key_sums_destroy(s);
	mix_free(&m);
}

static void
test_sums(void **state)
{
	check_sums(1, PPDL_RING_COMPACT);
	check_sums(8, PPDL_RING_ROW);
	check_sums(1, PPDL_RING_ROW);
}

/* a state of several keys that came from another process takes rows under further ones; keys in a circle have no sum */
static void
test_loaded_sums(void **state)
{
	Mixed		m = mix(1, 1, PPDL_RING_COMPACT);
	PpdlKeySums *s;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_key_sums_create(&s, writes_for, NULL, ERR));
	add_mixed(s, &m, 0, 2);
	OK(ppdl_key_sums_save(s, &w, ERR));
	ppdl_key_sums_destroy(s);
	OK(ppdl_key_sums_create(&s, writes_for, NULL, ERR));
	OK(ppdl_key_sums_fill(s, w.buf, w.len, ERR));
	add_mixed(s, &m, 2, WRITERS + 1);
	check_sum(s, m.sum, 1);
	ppdl_key_sums_destroy(s);
	OK(ppdl_key_sums_create(&s, writes_for, NULL, ERR));
	OK(ppdl_key_sums_fill(s, w.buf, w.len, ERR));
	w.len = 0;
	owner->is_writer = 1;
	memcpy(owner->writes_for, ppdl_owner_fingerprint(writer[0]), 8);
	FAILS(PPDL_ERR_KEY, ppdl_key_sums_finish(s, &ev, 1, &w, ERR));
	owner->is_writer = 0;
	assert_non_null(strstr(test_error.message, "keys that write for it"));
	ppdl_key_sums_destroy(s);
	ppdl_writer_free(&w);
	mix_free(&m);
}

/* a single key of an owner gives what its sum gives, byte for byte; a single writer's is switched */
static void
test_one_key(void **state)
{
	Mixed		m = mix(4, 1, PPDL_RING_COMPACT);
	PpdlWriter	w[2];
	PpdlKeySums *s;
	PpdlSum    *sum;
	PpdlCipher	c;
	int			needed;

	for (int i = 0; i < 2; i++)
		ppdl_writer_init(&w[i]);
	OK(ppdl_key_sums_create(&s, writes_for, NULL, ERR));
	OK(ppdl_sum_create(&sum, ERR));
	for (size_t i = 0; i < 4; i++)
	{
		OK(ppdl_key_sums_add_bytes(s, m.rows[WRITERS] + i * m.size, m.size, ERR));
		OK(ppdl_sum_add_bytes(sum, m.rows[WRITERS] + i * m.size, m.size, ERR));
	}
	assert_non_null(ppdl_key_sums_single(s));
	OK(ppdl_key_sums_finish(s, NULL, 4, &w[0], ERR));
	OK(ppdl_sum_finish(sum, 4, &w[1], ERR));
	assert_int_equal(w[0].len, w[1].len);
	assert_memory_equal(w[0].buf, w[1].buf, w[0].len);
	w[0].len = w[1].len = 0;
	OK(ppdl_key_sums_save(s, &w[0], ERR));
	OK(ppdl_sum_save(sum, &w[1], ERR));
	assert_int_equal(w[0].len, w[1].len);
	assert_memory_equal(w[0].buf, w[1].buf, w[0].len);
	ppdl_key_sums_destroy(s);
	w[0].len = 0;
	OK(ppdl_key_sums_create(&s, writes_for, NULL, ERR));
	OK(ppdl_key_sums_add_bytes(s, m.rows[0], m.size, ERR));
	OK(ppdl_key_sums_needs_switch(s, &needed, ERR));
	assert_true(needed);
	OK(ppdl_key_sums_finish(s, &ev, 1, &w[0], ERR));
	OK(ppdl_cipher_parse(&c, w[0].buf, w[0].len, ERR));
	assert_memory_equal(c.fingerprint, ppdl_owner_fingerprint(owner), 8);
	ppdl_key_sums_destroy(s);
	ppdl_sum_destroy(sum);
	for (int i = 0; i < 2; i++)
		ppdl_writer_free(&w[i]);
	mix_free(&m);
}

/* rows of all keys, scattered, with holes and some that come twice: each comes out of a packed value as it went in */
static void
check_packed(int skip, uint64_t most_switches)
{
	const int	each = 32;
	double	   *x = malloc((size_t) (each * (WRITERS + 1) * WIDTH) * sizeof(double));
	uint32_t   *of = malloc((size_t) (2 * each * (WRITERS + 1)) * sizeof(uint32_t));
	uint8_t    *rows[WRITERS + 1];
	uint32_t	count = 0;
	PpdlCollector *col;
	PpdlPacked	packed;
	double		worst = 0,
				stated,
			   *phase;
	const PpdlSecret *sk;
	PpdlCipher	c;
	size_t		size;
	int			complete,
				found;

	assert_true(x != NULL && of != NULL);
	OK(ppdl_collector_create(&col, 8, ERR));
	ppdl_collector_set_writers(col, writes_for, NULL);
	for (int o = 0; o <= WRITERS; o++)
	{
		double	   *mine = x + o * each * WIDTH;

		for (int i = 0; i < each * WIDTH; i++)
			mine[i] = test_value();
		rows[o] = encrypt_rows(o < WRITERS ? writer[o] : owner, mine, each, 8, PPDL_RING_ROW, &size);
	}
	for (int i = 0; i < each; i++)
		for (int o = 0; o <= WRITERS; o++)
			if (skip == 0 || test_below(skip) != 0)
			{
				OK(ppdl_cipher_parse(&c, rows[o] + (size_t) i * size, size, ERR));
				OK(ppdl_collector_add(col, &c, count, &complete, ERR));
				of[count++] = (uint32_t) (o * each + i);
			}
	ev.keyswitches = 0;
	OK(ppdl_collector_load_keys(col, &ev, ERR));
	OK(ppdl_pack_next(&ev, col, &packed, &found, ERR));
	assert_true(found);
	assert_int_equal(packed.rows, count);
	assert_memory_equal(packed.fingerprint, ppdl_owner_fingerprint(owner), 8);
	print_message("%u rows of %d keys packed with %llu key switches\n", count, WRITERS + 1,
				  (unsigned long long) ev.keyswitches);
	assert_true(ev.keyswitches <= most_switches);
	OK(ppdl_owner_secret(owner, PPDL_RING_ROW, &sk, ERR));
	phase = malloc(sk->par->n * sizeof(double));
	assert_non_null(phase);
	OK(ppdl_decrypt_coeffs(&ev, &packed.ct, sk, phase, ERR));
	stated = packed.ct.noise / packed.ct.scale;
	for (uint32_t p = 0; p < sk->par->n / 4; p++)
		for (int f = 0; f < WIDTH && packed.ordinal[p] != PPDL_NO_PLACE; f++)
		{
			double		got = phase[ppdl_bitrev(p, 12) + (size_t) f * (sk->par->n / 4)] / packed.ct.scale;

			worst = fmax(worst, fabs(got - x[of[packed.ordinal[p]] * WIDTH + (uint32_t) f]));
		}
	print_message("worst error %.2g, stated %.2g\n", worst, stated);
	assert_true(worst < 8 * stated && stated < 1e-6);
	free(phase);
	ppdl_packed_release(&ev, &packed);
	ppdl_collector_destroy(col);
	for (int o = 0; o <= WRITERS; o++)
		free(rows[o]);
	free(of);
	free(x);
}

static void
test_packing(void **state)
{
	/* whole batches: a switch a writer, a window or merges for the rest */
	check_packed(0, WRITERS + 16);
	check_packed(3, 140);
}

#define WIDE 200
#define PLACES 64				/* of as many values */

/* a slice of each row */
static uint8_t *
encrypt_wide(PpdlOwner *o, const double *x, size_t *size)
{
	const PpdlBatchOptions opt = {.limbs = 2, .scale_bits = 30, .logc = 6};
	const PpdlParams *par;
	uint8_t    *slices;

	OK(ppdl_params_get(PPDL_RING_ROW, &par, ERR));
	*size = ppdl_slice_size(par, 2, 8);
	slices = malloc(PLACES * *size);
	assert_non_null(slices);
	OK(ppdl_owner_encrypt(o, slices, x, PLACES, WIDE, &opt, ERR));
	return slices;
}

/* every second row of a writer's batch and of the owner's, which stay where they lie */
static void
test_packing_in_place(void **state)
{
	PpdlOwner  *of[2] = {writer[0], owner};
	double	   *x = malloc(2 * PLACES * WIDE * sizeof(double)),
			   *phase,
				worst = 0;
	uint8_t    *rows[2];
	const PpdlSecret *sk;
	PpdlCollector *col;
	PpdlPacked	packed;
	PpdlCipher	c;
	size_t		size;
	int			complete,
				found;

	assert_non_null(x);
	OK(ppdl_collector_create(&col, 2, ERR));
	ppdl_collector_set_writers(col, writes_for, NULL);
	for (int i = 0; i < 2 * PLACES * WIDE; i++)
		x[i] = test_value();
	for (int o = 0; o < 2; o++)
	{
		rows[o] = encrypt_wide(of[o], x + o * PLACES * WIDE, &size);
		for (int i = 1; i < PLACES; i += 2)
		{
			OK(ppdl_cipher_parse(&c, rows[o] + (size_t) i * size, size, ERR));
			OK(ppdl_collector_add(col, &c, (uint32_t) (o * PLACES + i), &complete, ERR));
		}
	}
	ev.keyswitches = 0;
	OK(ppdl_collector_load_keys(col, &ev, ERR));
	OK(ppdl_pack_next(&ev, col, &packed, &found, ERR));
	assert_true(found);
	assert_int_equal(packed.rows, PLACES);
	/* of the writer's key, rotations, and a step */
	assert_int_equal(ev.keyswitches, 1 + 3 + 1);
	OK(ppdl_owner_secret(owner, PPDL_RING_ROW, &sk, ERR));
	phase = malloc(sk->par->n * sizeof(double));
	assert_non_null(phase);
	OK(ppdl_decrypt_coeffs(&ev, &packed.ct, sk, phase, ERR));
	for (uint32_t p = 0; p < PLACES; p++)
		for (int f = 0; f < WIDE; f++)
		{
			double		got = phase[ppdl_bitrev(p, 6) + (size_t) f * PLACES] / packed.ct.scale;

			worst = fmax(worst, fabs(got - x[packed.ordinal[p] * WIDE + (uint32_t) f]));
		}
	worst *= packed.ct.scale / packed.ct.noise;
	print_message("worst error %.2g of the stated\n", worst);
	assert_true(worst < 8);
	free(phase);
	ppdl_packed_release(&ev, &packed);
	ppdl_collector_destroy(col);
	free(rows[0]);
	free(rows[1]);
	free(x);
}

static void
test_packing_states(void **state)
{
	Mixed		m = mix(4, 8, PPDL_RING_ROW);
	PpdlCollector *col[3];
	PpdlWriter	w;
	PpdlCipher	c;
	int			complete;

	for (int i = 0; i < 3; i++)
	{
		OK(ppdl_collector_create(&col[i], 8, ERR));
		ppdl_collector_set_writers(col[i], writes_for, NULL);
	}
	for (int o = 0; o <= WRITERS; o++)
		for (size_t i = 0; i < 4; i++)
		{
			OK(ppdl_cipher_parse(&c, m.rows[o] + i * m.size, m.size, ERR));
			OK(ppdl_collector_add(col[o % 2], &c, (uint32_t) (4 * (o / 2)) + (uint32_t) i, &complete, ERR));
		}
	ppdl_writer_init(&w);
	OK(ppdl_collector_save(col[1], &w, ERR));
	OK(ppdl_collector_fill(col[2], w.buf, w.len, ERR));
	OK(ppdl_collector_merge(col[0], col[2], 12, ERR));
	assert_int_equal(ppdl_collector_rows(col[0]), 4 * (WRITERS + 1));
	ppdl_collector_destroy(col[2]);
	/* who does not know of writers takes rows of one key */
	OK(ppdl_collector_create(&col[2], 8, ERR));
	FAILS(PPDL_ERR_KEY, ppdl_collector_fill(col[2], w.buf, w.len, ERR));
	for (int i = 0; i < 3; i++)
		ppdl_collector_destroy(col[i]);
	ppdl_writer_free(&w);
	mix_free(&m);
}

/* two batches a key with holes, and a row with both halves, packed as they are: 13 ciphertexts of the compact ring */
static uint32_t
pack_compact(PpdlCollector *col, PpdlEval *small, PpdlPacked *packed, double *want)
{
	double		x[32 * WIDTH];
	uint32_t	count = 0,
				n = 0;
	PpdlWriter	w;
	PpdlCipher	c;
	size_t		size;
	uint8_t    *rows;
	int			complete,
				found;

	for (int b = 0; b < 2 * (WRITERS + 1); b++)
	{
		for (int i = 0; i < 32 * WIDTH; i++)
			x[i] = test_value();
		rows = encrypt_rows(b / 2 < WRITERS ? writer[b / 2] : owner, x, 32, 1, PPDL_RING_COMPACT, &size);
		for (int i = 0; i < 32; i++)
			if (i == 0 || test_below(3) != 0)
			{
				OK(ppdl_cipher_parse(&c, rows + (size_t) i * size, size, ERR));
				OK(ppdl_collector_add(col, &c, count, &complete, ERR));
				memcpy(want + (size_t) count++ * WIDTH, x + i * WIDTH, WIDTH * sizeof(double));
			}
		if (b == 0)
		{
			ppdl_writer_init(&w);
			OK(ppdl_cipher_parse(&c, rows, size, ERR));
			OK(ppdl_cipher_combine(&w, &c, 1, NULL, 0, ERR));
			OK(ppdl_cipher_parse(&c, w.buf, w.len, ERR));
			OK(ppdl_collector_add(col, &c, count, &complete, ERR));
			memcpy(want + (size_t) count++ * WIDTH, x, WIDTH * sizeof(double));
			ppdl_writer_free(&w);
		}
		free(rows);
	}
	OK(ppdl_collector_load_keys(col, small, ERR));
	for (;;)
	{
		OK(ppdl_pack_next(small, col, &packed[n], &found, ERR));
		if (!found)
			break;
		n++;
	}
	assert_int_equal(n, 2 * (WRITERS + 1) + 1);
	return count;
}

/* as the state of an aggregate has them: each says whose it is */
static void
save_and_load(PpdlEval *small, PpdlPacked *packed, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		PpdlCipher	shape = {.logk = 2};
		PpdlPacked	back;
		PpdlReader	r;
		PpdlWriter	w;

		memcpy(shape.fingerprint, ppdl_owner_fingerprint(owner), sizeof(shape.fingerprint));
		ppdl_writer_init(&w);
		ppdl_packed_save(&w, &packed[i]);
		r = ppdl_reader(w.buf, w.len);
		OK(ppdl_packed_load(&back, small, &r, &shape, WIDTH, ERR));
		assert_int_equal(ppdl_reader_left(&r), 0);
		assert_memory_equal(back.fingerprint, packed[i].fingerprint, sizeof(back.fingerprint));
		ppdl_packed_release(small, &packed[i]);
		packed[i] = back;
		for (size_t len = 0; len < 40; len += 3)
		{
			r = ppdl_reader(w.buf, len);
			FAILS(PPDL_ERR_FORMAT, ppdl_packed_load(&back, small, &r, &shape, WIDTH, ERR));
		}
		ppdl_writer_free(&w);
	}
}

static void
test_packing_compact(void **state)
{
	PpdlPacked	packed[2 * (WRITERS + 1) + 2],
				switched;
	double	   *want = malloc((64 * (WRITERS + 1) + 1) * WIDTH * sizeof(double)),
				worst = 0;
	const uint32_t n = 2 * (WRITERS + 1) + 1;
	const PpdlParams *par;
	PpdlPackedWriter *pw;
	PpdlCollector *col;
	PpdlEval	small;
	PpdlValues	v;
	PpdlWriter	w;
	uint32_t	count;

	assert_non_null(want);
	OK(ppdl_params_get(PPDL_RING_COMPACT, &par, ERR));
	OK(ppdl_eval_init(&small, par, pool, NULL, ERR));
	OK(ppdl_collector_create(&col, 1, ERR));
	ppdl_collector_set_writers(col, writes_for, NULL);
	count = pack_compact(col, &small, packed, want);
	save_and_load(&small, packed, n);
	/* keys that nobody loaded are our own mistake, not a crash */
	FAILS(PPDL_ERR_INTERNAL, ppdl_packed_switch(&ev, col, &switched, packed, n, ERR));
	OK(ppdl_packed_load_keys(&ev, col, packed, n, ERR));
	OK(ppdl_packed_writer_create(&pw, PPDL_LAYOUT_BATCHES, WIDTH, 2, ppdl_owner_fingerprint(owner), ERR));
	for (uint32_t i = 0; i < n; i += PPDL_PACKED_BATCHES)
	{
		OK(ppdl_packed_switch(&ev, col, &switched, packed + i, n - i, ERR));
		assert_memory_equal(switched.fingerprint, ppdl_owner_fingerprint(owner), 8);
		OK(ppdl_packed_writer_add(pw, &ev, &switched.ct, switched.ordinal, ERR));
		ppdl_packed_release(&ev, &switched);
	}
	ppdl_writer_init(&w);
	OK(ppdl_packed_writer_finish(pw, count, &w, ERR));
	OK(ppdl_owner_decrypt(owner, &v, w.buf, w.len, 0, ERR));
	assert_int_equal(v.nrows, count);
	assert_int_equal(v.held, count);
	for (uint32_t i = 0; i < count * WIDTH; i++)
		worst = fmax(worst, fabs(v.v[i] - want[i]));
	print_message("%u compact rows of %d keys: worst error %.2g, stated %.2g\n", count, WRITERS + 1, worst, v.error);
	assert_true(worst < 7 * v.error && v.error < 1e-6);
	/* other owners are named */
	packed[3].fingerprint[0] ^= 1;
	FAILS(PPDL_ERR_KEY, ppdl_packed_load_keys(&ev, col, packed, n, ERR));
	ppdl_values_free(&v);
	ppdl_writer_free(&w);
	ppdl_packed_writer_destroy(pw);
	for (uint32_t i = 0; i < n; i++)
		ppdl_packed_release(&small, &packed[i]);
	ppdl_collector_destroy(col);
	ppdl_eval_fini(&small);
	free(want);
}

/* sets of rows for the deep ring: states say each batch's key only where there are several */
static void
test_row_sets(void **state)
{
	Mixed		m = mix(4, 1, PPDL_RING_COMPACT);
	PpdlTrainSet *set[3];
	PpdlWriter	w,
				own;
	PpdlCipher	c;

	for (int i = 0; i < 3; i++)
	{
		OK(ppdl_trainset_create(&set[i], ERR));
		ppdl_trainset_set_writers(set[i], writes_for, NULL);
	}
	for (int o = WRITERS; o >= 0; o--)
		for (size_t i = 0; i < 4; i++)
		{
			OK(ppdl_cipher_parse(&c, m.rows[o] + i * m.size, m.size, ERR));
			OK(ppdl_trainset_add(set[o == WRITERS ? 0 : 1], &c, NULL, (uint32_t) (o == WRITERS ? i : 4 * (size_t) o + i),
								 ERR));
		}
	ppdl_writer_init(&w);
	ppdl_writer_init(&own);
	OK(ppdl_trainset_save(set[0], &own, ERR));
	assert_int_equal(own.buf[0], PPDL_RING_COMPACT);
	OK(ppdl_trainset_save(set[1], &w, ERR));
	assert_int_equal(w.buf[0], PPDL_RING_COMPACT | 0x80);
	assert_memory_equal(w.buf + 1, ppdl_owner_fingerprint(owner), 8);
	OK(ppdl_trainset_fill(set[2], w.buf, w.len, ERR));
	OK(ppdl_trainset_merge(set[0], set[2], 4, ERR));
	assert_int_equal(set[0]->rows, 4 * (WRITERS + 1));
	assert_int_equal(set[0]->nbatches, WRITERS + 1);
	assert_int_equal(set[0]->keys.count, WRITERS);
	assert_memory_equal(set[0]->fingerprint, ppdl_owner_fingerprint(owner), 8);
	OK(ppdl_trainset_load_keys(set[0], &ev, ERR));
	assert_non_null(set[0]->keys.bridge);
	ppdl_trainset_destroy(set[2]);
	/* who does not know of writers takes rows of one key */
	OK(ppdl_trainset_create(&set[2], ERR));
	FAILS(PPDL_ERR_KEY, ppdl_trainset_fill(set[2], w.buf, w.len, ERR));
	for (size_t len = 0; len < w.len; len += 1 + w.len / 61)
	{
		PpdlTrainSet *cut;

		OK(ppdl_trainset_create(&cut, ERR));
		ppdl_trainset_set_writers(cut, writes_for, NULL);
		FAILS(PPDL_ERR_FORMAT, ppdl_trainset_fill(cut, w.buf, len, ERR));
		ppdl_trainset_destroy(cut);
	}
	for (int i = 0; i < 3; i++)
		ppdl_trainset_destroy(set[i]);
	ppdl_writer_free(&w);
	ppdl_writer_free(&own);
	mix_free(&m);
}

static void
test_refused(void **state)
{
	const double x[WIDTH] = {0};
	Mixed		m = mix(1, 1, PPDL_RING_COMPACT);
	PpdlKeySums *s;
	PpdlOwner  *other;
	PpdlCipher	c;
	char		fp[2][17];
	size_t		size;
	uint8_t    *rows,
				root[8];

	OK(ppdl_owner_generate(&other, "clinic", ERR));
	rows = encrypt_rows(other, x, 1, 1, PPDL_RING_COMPACT, &size);
	OK(ppdl_key_sums_create(&s, writes_for, NULL, ERR));
	OK(ppdl_key_sums_add_bytes(s, m.rows[0], m.size, ERR));
	/* the error names the owners; the sum goes on */
	FAILS(PPDL_ERR_KEY, ppdl_key_sums_add_bytes(s, rows, size, ERR));
	ppdl_fingerprint_hex(fp[0], ppdl_owner_fingerprint(owner));
	ppdl_fingerprint_hex(fp[1], ppdl_owner_fingerprint(other));
	assert_true(strstr(test_error.message, fp[0]) != NULL && strstr(test_error.message, fp[1]) != NULL);
	OK(ppdl_key_sums_add_bytes(s, m.rows[1], m.size, ERR));
	assert_int_equal(ppdl_key_sums_count(s), 2);
	/* rows of another form, under another key of the same owner */
	free(rows);
	rows = encrypt_rows(writer[2], x, 1, 8, PPDL_RING_ROW, &size);
	FAILS(PPDL_ERR_SCALE, ppdl_key_sums_add_bytes(s, rows, size, ERR));
	ppdl_key_sums_destroy(s);
	/* rows of two scales, with weights or without: what one state refuses no merging takes, nor the other way round */
	OK(ppdl_key_sums_create(&s, writes_for, NULL, ERR));
	OK(ppdl_cipher_parse(&c, m.rows[0], m.size, ERR));
	OK(ppdl_key_sums_add_weighted(s, &c, 0.3, ERR));
	OK(ppdl_cipher_parse(&c, m.rows[1], m.size, ERR));
	OK(ppdl_key_sums_add_weighted(s, &c, -2, ERR));
	c.scale *= 2;
	memcpy(c.fingerprint, ppdl_owner_fingerprint(owner), 8);
	FAILS(PPDL_ERR_SCALE, ppdl_key_sums_add_weighted(s, &c, 1, ERR));
	assert_int_equal(ppdl_key_sums_count(s), 2);
	ppdl_key_sums_destroy(s);
	/* nobody knows of writers */
	OK(ppdl_key_sums_create(&s, NULL, NULL, ERR));
	OK(ppdl_key_sums_add_bytes(s, m.rows[0], m.size, ERR));
	FAILS(PPDL_ERR_KEY, ppdl_key_sums_add_bytes(s, m.rows[1], m.size, ERR));
	ppdl_key_sums_destroy(s);
	/* two keys that write for each other */
	writer[0]->is_writer = owner->is_writer = 1;
	memcpy(owner->writes_for, ppdl_owner_fingerprint(writer[0]), 8);
	FAILS(PPDL_ERR_KEY, ppdl_key_root(writes_for, NULL, ppdl_owner_fingerprint(owner), root, ERR));
	owner->is_writer = 0;
	free(rows);
	ppdl_owner_destroy(other);
	mix_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_public_file),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_seal_is_no_row),
		cmocka_unit_test(test_owner_reads_writers),
		cmocka_unit_test(test_switch_rows),
		cmocka_unit_test(test_switch_noise),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_loaded_sums),
		cmocka_unit_test(test_one_key),
		cmocka_unit_test(test_packing),
		cmocka_unit_test(test_packing_in_place),
		cmocka_unit_test(test_packing_states),
		cmocka_unit_test(test_packing_compact),
		cmocka_unit_test(test_row_sets),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

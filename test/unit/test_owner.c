#include "rows_util.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ckks/wire.h"
#include "owner/owner_impl.h"
#include "ring/vec.h"
#include "rows/row.h"
#include "rows/sum.h"

#define PREDICT_MB_MAX 160

static const PpdlScrypt cheap = {4, 1, 1};
static char dir[] = "/tmp/ppdl_test_owner_XXXXXX";
static PpdlOwner *owner;

static int
setup(void **state)
{
	assert_non_null(mkdtemp(dir));
	OK(ppdl_owner_generate(&owner, "hospital", ERR));
	return 0;
}

static int
teardown(void **state)
{
	ppdl_owner_destroy(owner);
	return rmdir(dir);
}

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
test_names(void **state)
{
	PpdlOwner  *o;
	char		longest[65];

	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_generate(&o, "", ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_generate(&o, "a b", ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_generate(&o, "a/b", ERR));
	memset(longest, 'x', 64);
	longest[64] = '\0';
	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_generate(&o, longest, ERR));
	longest[63] = '\0';
	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_generate(&o, "0123456789abcdef", ERR));
	assert_non_null(strstr(test_error.message, "fingerprint"));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_generate(&o, "0123456789ABCDEF", ERR));
	OK(ppdl_owner_generate(&o, longest, ERR));
	assert_string_equal(ppdl_owner_name(o), longest);
	assert_memory_not_equal(ppdl_owner_fingerprint(o), ppdl_owner_fingerprint(owner), 8);
	ppdl_owner_destroy(o);
}

static void
assert_same_owner(PpdlOwner *a, PpdlOwner *b)
{
	const PpdlSecret *sa,
			   *sb;

	assert_string_equal(ppdl_owner_name(a), ppdl_owner_name(b));
	assert_memory_equal(ppdl_owner_fingerprint(a), ppdl_owner_fingerprint(b), 8);
	OK(ppdl_owner_secret(a, PPDL_RING_ROW, &sa, ERR));
	OK(ppdl_owner_secret(b, PPDL_RING_ROW, &sb, ERR));
	assert_memory_equal(sa->coeff, sb->coeff, sa->par->n);
}

static void
test_key_file(void **state)
{
	const char *path = path_of("a.key");
	char		name[64],
				fp[17],
				want[17];
	struct stat st;
	PpdlOwner  *o;
	int			fd;

	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_save(owner, path, "", ERR));
	assert_int_equal(access(path, F_OK), -1);	/* nothing is left behind */
	OK(ppdl_owner_save(owner, path, "open sesame", ERR));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	FAILS(PPDL_ERR_IO, ppdl_owner_save(owner, path, "open sesame", ERR));

	OK(ppdl_owner_load(&o, path, "open sesame", ERR));
	assert_same_owner(o, owner);
	ppdl_owner_destroy(o);
	OK(ppdl_owner_peek(path, name, fp, ERR));
	ppdl_fingerprint_hex(want, ppdl_owner_fingerprint(owner));
	assert_string_equal(name, "hospital");
	assert_string_equal(fp, want);

	FAILS(PPDL_ERR_KEY, ppdl_owner_load(&o, path, "open sesame ", ERR));
	assert_null(o);
	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_load(&o, path, "", ERR));
	FAILS(PPDL_ERR_IO, ppdl_owner_load(&o, path_of("none.key"), "x", ERR));

	/* a file of anything is refused */
	fd = open(path_of("big.key"), O_WRONLY | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, 1 << 16), 0);
	close(fd);
	FAILS(PPDL_ERR_KEY, ppdl_owner_load(&o, path_of("big.key"), "x", ERR));
	unlink(path_of("big.key"));
	unlink(path_of("a.key"));
}

/* every bit of a byte, one at a time, must be noticed */
static void
test_key_file_flips(void **state)
{
	PpdlOwner  *o;
	PpdlWriter	w;
	char	   *text;

	ppdl_writer_init(&w);
	OK(ppdl_key_file_write(owner, "pw", &cheap, &w, ERR));
	text = malloc(w.len + 1);
	OK(ppdl_owner_read(&o, (char *) w.buf, w.len, "pw", ERR));
	assert_same_owner(o, owner);
	ppdl_owner_destroy(o);
	for (size_t i = 0; i < w.len; i++)
		for (int bit = 0; bit < 8; bit++)
		{
			PpdlStatus	status;

			memcpy(text, w.buf, w.len);
			text[i] ^= (char) (1 << bit);
			/* flips may turn the cost of scrypt into one of gigabytes: only what is quick */
			if (strstr((char *) w.buf, "\"n\":4") + 4 == (char *) w.buf + i)
				continue;
			status = ppdl_owner_read(&o, text, w.len, "pw", ERR);
			if (status != PPDL_ERR_KEY && status != PPDL_ERR_VERSION)
				fail_msg("flip of bit %d of byte %zu: %s (%s)", bit, i, ppdl_status_name(status), test_error.message);
			assert_null(o);
		}
	for (size_t len = 0; len < w.len; len++)
		FAILS(PPDL_ERR_KEY, ppdl_owner_read(&o, (char *) w.buf, len, "pw", ERR));
	memcpy(text, w.buf, w.len);
	text[w.len] = '\n';
	FAILS(PPDL_ERR_KEY, ppdl_owner_read(&o, text, w.len + 1, "pw", ERR));
	free(text);
	ppdl_writer_free(&w);
}

typedef struct Seen
{
	uint64_t	calls,
				done,
				total;
} Seen;

static void
progress(void *arg, uint64_t done, uint64_t total, const char *what)
{
	Seen	   *s = arg;

	assert_true(done >= s->done && done <= total);
	s->calls++;
	s->done = done;
	s->total = total;
}

static void
test_public_sum(void **state)
{
	char		path[128];
	PpdlPublicFile *f;
	PpdlPublicKey *pk;
	PpdlReader	r;
	struct stat st;
	uint8_t		byte;
	int			fd;

	strcpy(path, path_of("a.pub"));
	OK(ppdl_owner_write_public(owner, path, PPDL_USE_SUM, NULL, NULL, NULL, ERR));
	OK(ppdl_public_file_open(&f, path, ERR));
	assert_string_equal(ppdl_public_file_name(f), "hospital");
	assert_memory_equal(ppdl_public_file_fingerprint(f), ppdl_owner_fingerprint(owner), 8);
	assert_int_equal(ppdl_public_file_uses(f), PPDL_USE_SUM);
	assert_int_equal(ppdl_public_file_count(f), 5);
	assert_null(ppdl_public_file_part(f, 5));
	assert_string_equal(ppdl_public_file_part(f, 1)->name, "compact/public");
	assert_string_equal(ppdl_public_file_part(f, 2)->name, "row/bridge_compact");
	assert_string_equal(ppdl_public_file_part(f, 3)->name, "row/public_special");
	assert_string_equal(ppdl_public_file_part(f, 4)->name, "compact/encapsulation");
	for (int i = 0; i < 5; i++)
	{
		OK(ppdl_public_part_check(ppdl_public_file_part(f, i), ERR));
		if (i == 2 || i == 3)
			continue;
		r = ppdl_reader(ppdl_public_file_part(f, i)->data, ppdl_public_file_part(f, i)->len);
		OK(ppdl_wire_get_public_key(&r, &pk, ERR));
		assert_int_equal(pk->par->id, i == 0 ? PPDL_RING_ROW : PPDL_RING_COMPACT);
		ppdl_public_key_destroy(pk);
	}
	ppdl_public_file_close(f);

	/* a flip anywhere in the directory stops it from opening; a flip in a part is found by its check */
	fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at += at < 600 ? 1 : 7919)
	{
		PpdlStatus	status;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 16;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		status = ppdl_public_file_open(&f, path, ERR);
		if (at < 576)
			assert_true(status == PPDL_ERR_FORMAT || status == PPDL_ERR_VERSION);
		else if (status == PPDL_OK)
		{
			int			damaged = 0;

			for (int i = 0; i < ppdl_public_file_count(f); i++)
				damaged += ppdl_public_part_check(ppdl_public_file_part(f, i), ERR) == PPDL_ERR_FORMAT;
			assert_int_equal(damaged, 1);
			ppdl_public_file_close(f);
		}
		else	/* between the parts */
			assert_int_equal(status, PPDL_ERR_FORMAT);
		byte ^= 16;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	for (off_t len = st.st_size - 1; len > 0; len /= 2)
	{
		assert_int_equal(ftruncate(fd, len), 0);
		FAILS(PPDL_ERR_FORMAT, ppdl_public_file_open(&f, path, ERR));
	}
	close(fd);
	unlink(path);
	FAILS(PPDL_ERR_IO, ppdl_public_file_open(&f, path, ERR));
	FAILS(PPDL_ERR_ARGUMENT, ppdl_owner_write_public(owner, path, 0, NULL, NULL, NULL, ERR));
	assert_int_equal(access(path, F_OK), -1);
}

/* a file of 0.1.0: the same directory without a verification key and signatures */
static void
write_version_1(const char *path, const PpdlPublicFile *f)
{
	const PpdlPublicPart *part = ppdl_public_file_part(f, 0);
	char		name[64] = "hospital";
	uint8_t		hash[32];
	PpdlWriter	w;
	int			fd = open(path, O_WRONLY | O_CREAT, 0600);

	ppdl_writer_init(&w);
	ppdl_write_bytes(&w, "PPDLPUB1", 8);
	ppdl_write_u32(&w, 1);
	ppdl_write_u32(&w, PPDL_USE_SUM);
	ppdl_write_bytes(&w, ppdl_public_file_fingerprint(f), 8);
	ppdl_write_bytes(&w, name, 64);
	ppdl_write_u64(&w, 1);
	ppdl_write_bytes(&w, part->name, 64);
	ppdl_write_u64(&w, PPDL_USE_SUM);
	ppdl_write_u64(&w, 256);
	ppdl_write_u64(&w, part->len);
	ppdl_write_bytes(&w, part->sha256, 32);
	OK(ppdl_sha256(hash, w.buf, w.len, ERR));
	ppdl_write_bytes(&w, hash, 32);
	ppdl_write_u64(&w, 0);
	ppdl_write_bytes(&w, part->data, part->len);
	assert_int_equal(write(fd, w.buf, w.len), w.len);
	close(fd);
	ppdl_writer_free(&w);
}

static void
test_public_version_1(void **state)
{
	char		path[128],
				old[128];
	PpdlPublicFile *f,
			   *v1;

	strcpy(path, path_of("a.pub"));
	strcpy(old, path_of("old.pub"));
	OK(ppdl_owner_write_public(owner, path, PPDL_USE_SUM, NULL, NULL, NULL, ERR));
	OK(ppdl_public_file_open(&f, path, ERR));
	assert_memory_equal(ppdl_public_file_verify_key(f), ppdl_owner_verify_key(owner), PPDL_VERIFY_KEY_BYTES);
	write_version_1(old, f);
	OK(ppdl_public_file_open(&v1, old, ERR));
	assert_null(ppdl_public_file_verify_key(v1));
	assert_null(ppdl_public_file_part(v1, 0)->signature);
	OK(ppdl_public_part_check(ppdl_public_file_part(v1, 0), ERR));
	assert_memory_equal(ppdl_public_file_part(v1, 0)->sha256, ppdl_public_file_part(f, 0)->sha256, 32);
	ppdl_public_file_close(v1);
	ppdl_public_file_close(f);
	unlink(path);
	unlink(old);
}

/* a signature holds for the key, the name, the length and the bytes that it was made for, and for nothing else */
static void
test_signatures(void **state)
{
	uint8_t		sha[32] = {1, 2, 3},
				fp[8],
				key[PPDL_VERIFY_KEY_BYTES],
				signature[PPDL_SIGNATURE_BYTES];
	PpdlOwner  *other;

	memcpy(fp, ppdl_owner_fingerprint(owner), sizeof(fp));
	memcpy(key, ppdl_owner_verify_key(owner), sizeof(key));
	OK(ppdl_owner_sign_part(owner, "row/galois/5", 1000, sha, signature, ERR));
	OK(ppdl_part_verify(key, fp, "row/galois/5", 1000, sha, signature, ERR));
	FAILS(PPDL_ERR_KEY, ppdl_part_verify(key, fp, "row/galois/25", 1000, sha, signature, ERR));
	FAILS(PPDL_ERR_KEY, ppdl_part_verify(key, fp, "row/galois/5", 1001, sha, signature, ERR));
	for (int i = 0; i < 8 * PPDL_SIGNATURE_BYTES; i++)
	{
		signature[i / 8] ^= (uint8_t) (1 << i % 8);
		FAILS(PPDL_ERR_KEY, ppdl_part_verify(key, fp, "row/galois/5", 1000, sha, signature, ERR));
		signature[i / 8] ^= (uint8_t) (1 << i % 8);
	}
	sha[31] ^= 1;
	FAILS(PPDL_ERR_KEY, ppdl_part_verify(key, fp, "row/galois/5", 1000, sha, signature, ERR));
	sha[31] ^= 1;
	fp[0] ^= 1;
	FAILS(PPDL_ERR_KEY, ppdl_part_verify(key, fp, "row/galois/5", 1000, sha, signature, ERR));
	fp[0] ^= 1;
	OK(ppdl_owner_generate(&other, "other", ERR));
	FAILS(PPDL_ERR_KEY, ppdl_part_verify(ppdl_owner_verify_key(other), fp, "row/galois/5", 1000, sha, signature, ERR));
	OK(ppdl_owner_sign_part(other, "row/galois/5", 1000, sha, signature, ERR));
	FAILS(PPDL_ERR_KEY, ppdl_part_verify(key, fp, "row/galois/5", 1000, sha, signature, ERR));
	ppdl_owner_destroy(other);
}

static void
eval_key_digest(PpdlOwner *o, uint8_t ring, uint32_t id, int limbs, int np, uint8_t seed[32], uint8_t sha[32])
{
	const PpdlKeyNeed need = {.ring = ring, .id = id, .limbs = limbs, .np = np};
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_owner_eval_key(o, &need, NULL, &w, ERR));
	memcpy(seed, w.buf + 16, 32);
	OK(ppdl_sha256(sha, w.buf, w.len, ERR));
	ppdl_writer_free(&w);
}

/* The same key is the same bytes; keys that differ in anything share no seed. */
static void
test_eval_keys_repeat(void **state)
{
	static const struct
	{
		uint32_t	id;
		int			limbs;
	}			key[] = {{PPDL_KEY_RELIN, 2}, {PPDL_KEY_RELIN, 3}, {5, 2}, {5, 3}, {25, 2}};
	uint8_t		seed[6][32],
				sha[6][32],
				again[32];
	PpdlOwner  *o,
			   *same;

	OK(ppdl_owner_from_master(&same, "same", owner->master, ERR));
	for (int i = 0; i < 5; i++)
	{
		eval_key_digest(owner, PPDL_RING_ROW, key[i].id, key[i].limbs, 2, seed[i], sha[i]);
		eval_key_digest(same, PPDL_RING_ROW, key[i].id, key[i].limbs, 2, seed[5], again);
		assert_memory_equal(again, sha[i], 32);
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(seed[i], seed[j], 32);
	}
	ppdl_owner_destroy(same);
	OK(ppdl_owner_generate(&o, "other", ERR));
	eval_key_digest(o, PPDL_RING_ROW, key[0].id, key[0].limbs, 2, seed[5], sha[5]);
	assert_memory_not_equal(seed[5], seed[0], 32);
	ppdl_owner_destroy(o);
}

static void
assert_hex(const uint8_t *got, size_t n, const char *want)
{
	char		hex[65];

	for (size_t i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", got[i]);
	assert_string_equal(hex, want);
}

/*
 * What follows from a master seed: when these change, keys made before and after would share seeds, and the labels of
 * src/owner must change, too (see eval_key_rng).
 */
static void
test_known_answers(void **state)
{
	uint8_t		master[PPDL_MASTER_BYTES],
				seed[32],
				sha[32];
	PpdlOwner  *o;

	for (int i = 0; i < PPDL_MASTER_BYTES; i++)
		master[i] = (uint8_t) i;
	OK(ppdl_owner_from_master(&o, "known", master, ERR));
	assert_hex(ppdl_owner_fingerprint(o), 8, "3f10babda1527a0b");
	assert_hex(ppdl_owner_verify_key(o), 32, "012300e38b73ddb7c4f7a1fbcd952dca9cbb5f3566ee58a61b51e6a7598da6ae");
	eval_key_digest(o, PPDL_RING_ROW, PPDL_KEY_RELIN, 2, 2, seed, sha);
	assert_hex(sha, 32, "a22e201d0aaf6feaacfd89df5828e6da180a6a4e409d689f324b46c273ed7d8c");
	eval_key_digest(o, PPDL_RING_ROW, 5, 1, 2, seed, sha);
	assert_hex(sha, 32, "b0da46e8bcf26d91d6c99646bc3429e72150b5b911beeac9d37d34c86a80f612");
	eval_key_digest(o, PPDL_RING_DEEP, PPDL_KEY_BRIDGE, 1, 1, seed, sha);
	assert_hex(sha, 32, "a84d54d2d4c984293e05188f5ee2096cd2085b9705b687b550d34e2585b839ba");
	ppdl_owner_destroy(o);
}

/* keys of one use, counted without making them, but for the small ones of the bridge: bytes stored and expanded */
static void
count_keys(PpdlUse use, double *stored, double *cached)
{
	PpdlKeyNeed need[PPDL_MAX_KEY_NEEDS];
	int			n = ppdl_keyplan(use, need, ERR);
	const PpdlParams *par;

	assert_true(n > 10);
	OK(ppdl_params_get(need[0].ring, &par, ERR));
	for (int i = 0; i < n; i++)
	{
		int			digits = 0;

		assert_int_equal(need[i].ring, par->id);
		if (need[i].id == PPDL_KEY_FROM_SPARSE)
			digits = 1;
		else
			while (digits < par->ndigits && par->digit_start[digits] < need[i].limbs)
				digits++;
		for (int t = 0; t < need[i].limbs + need[i].np; t++)
		{
			const PpdlModulus *m = &par->ring->mod[t < need[i].limbs ? t : par->nq + t - need[i].limbs];

			*stored += digits * (double) ppdl_packed_size(par->n, m->bits);
			*cached += digits * 2.0 * (double) ppdl_vec_packed_bytes(par->n);
		}
		if (need[i].limbs == 1)
		{
			PpdlWriter	w;

			ppdl_writer_init(&w);
			OK(ppdl_owner_eval_key(owner, &need[i], NULL, &w, ERR));
			assert_true(w.len > ppdl_packed_size(par->n, 50));
			ppdl_writer_free(&w);
		}
	}
}

static void
test_train_needs(void **state)
{
	double		stored = 0,
				cached = 0;

	count_keys(PPDL_USE_PREDICT, &stored, &cached);
	printf("keys for prediction: %.0f MB stored, %.0f MB expanded\n", stored / 1e6, cached / 1e6);
	count_keys(PPDL_USE_TRAIN, &stored, &cached);
	printf("with those for training: %.0f MB stored, %.0f MB expanded\n", stored / 1e6, cached / 1e6);
	assert_true(cached < 2.5e9);
}

static void
test_public_predict(void **state)
{
	const char *path = path_of("b.pub");
	PpdlThreads *threads;
	PpdlPublicFile *f;
	struct stat st;
	Seen		seen = {0};

	OK(ppdl_threads_create(&threads, 2, ERR));
	OK(ppdl_owner_write_public(owner, path, PPDL_USE_PREDICT, threads, progress, &seen, ERR));
	ppdl_threads_destroy(threads);
	OK(ppdl_public_file_open(&f, path, ERR));
	assert_int_equal(ppdl_public_file_uses(f), PPDL_USE_SUM | PPDL_USE_PREDICT);
	assert_int_equal(seen.total, ppdl_public_file_count(f));
	assert_int_equal(seen.done, seen.total);
	for (int i = 1; i < ppdl_public_file_count(f); i++)
	{
		const PpdlPublicPart *part = ppdl_public_file_part(f, i);
		PpdlSwitchKeyInfo info;
		uint8_t		ring;
		uint32_t	id;

		assert_true(ppdl_key_part_parse(part->name, &ring, &id));
		assert_int_equal(part->use, i < 5 ? PPDL_USE_SUM : PPDL_USE_PREDICT);
		if (id == PPDL_KEY_PUBLIC || id == PPDL_KEY_PUBLIC_SPECIAL || id == PPDL_KEY_ENCAPSULATION)
			continue;
		OK(ppdl_wire_peek_switch_key(ppdl_reader(part->data, part->len), &info, ERR));
		assert_int_equal(info.ring, ring);
		assert_int_equal(info.id, id);
		for (int j = 1; j < i; j++)
			assert_string_not_equal(part->name, ppdl_public_file_part(f, j)->name);
	}
	OK(ppdl_public_part_check(ppdl_public_file_part(f, 5), ERR));
	assert_int_equal(stat(path, &st), 0);
	printf("keys for prediction: %d parts, %.1f MB\n", ppdl_public_file_count(f), (double) st.st_size / 1e6);
	assert_true(st.st_size <= PREDICT_MB_MAX * 1000000L);
	ppdl_public_file_close(f);
	unlink(path);
}

static void
test_part_names(void **state)
{
	static const char *const bad[] = {"", "public", "row", "row/galois/", "row/galois/4", "row/galois/05",
									  "row/galois/5x", "row/galois/-5", "deep/bridge2", "mid/relin"};
	static const uint32_t ids[] = {PPDL_KEY_RELIN, PPDL_KEY_BRIDGE, PPDL_KEY_TO_SPARSE, PPDL_KEY_FROM_SPARSE, 3, 5,
								   32767, 131071};
	char		name[64];
	uint8_t		ring;
	uint32_t	id;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ppdl_key_part_parse(bad[i], &ring, &id));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
	{
		ppdl_key_part_name(name, PPDL_RING_DEEP, ids[i]);
		assert_true(ppdl_key_part_parse(name, &ring, &id));
		assert_int_equal(ring, PPDL_RING_DEEP);
		assert_int_equal(id, ids[i]);
	}
	ppdl_key_part_name(name, PPDL_RING_ROW, PPDL_KEY_RELIN);
	assert_string_equal(name, "row/relin");
}

static void
test_encrypt_decrypt(void **state)
{
	const PpdlBatchOptions opt = {1, 30, 2};
	const double x[6] = {0.5, -1, 1, 0.125, 0, -0.75};
	const PpdlParams *par;
	size_t		size;
	uint8_t    *slice;
	PpdlOwner  *other;
	PpdlValues	v;
	char		fp[17];

	OK(ppdl_params_get(PPDL_RING_ROW, &par, ERR));
	size = ppdl_slice_size(par, 1, 2);
	slice = malloc(2 * size);
	OK(ppdl_owner_encrypt(owner, slice, x, 2, 3, &opt, ERR));
	for (int i = 0; i < 2; i++)
	{
		OK(ppdl_owner_decrypt(owner, &v, slice + (size_t) i * size, size, 0, ERR));
		assert_int_equal(v.width, 3);
		for (int f = 0; f < 3; f++)
			assert_true(fabs(v.v[f] - x[3 * i + f]) < 1e-7);
		ppdl_values_free(&v);
	}
	OK(ppdl_owner_generate(&other, "clinic", ERR));
	FAILS(PPDL_ERR_KEY, ppdl_owner_decrypt(other, &v, slice, size, 0, ERR));
	ppdl_fingerprint_hex(fp, ppdl_owner_fingerprint(owner));
	assert_non_null(strstr(test_error.message, fp));
	ppdl_fingerprint_hex(fp, ppdl_owner_fingerprint(other));
	assert_non_null(strstr(test_error.message, fp));
	/* the right fingerprint on the wrong key: found by the values */
	memcpy(slice + 8, ppdl_owner_fingerprint(other), 8);
	FAILS(PPDL_ERR_PRECISION, ppdl_owner_decrypt(other, &v, slice, size, 0, ERR));
	ppdl_owner_destroy(other);
	free(slice);
}

/* shared values differ from the exact ones by as much as they say, and never twice alike */
static void
test_share(void **state)
{
	const PpdlBatchOptions opt = {1, 40, 0};
	const double x[64] = {0};
	const PpdlParams *par;
	size_t		size;
	uint8_t    *slice;
	PpdlValues	v;
	double		squares = 0,
				error = 0;
	int			n = 0;

	OK(ppdl_params_get(PPDL_RING_ROW, &par, ERR));
	size = ppdl_slice_size(par, 1, 6);
	slice = malloc(size);
	OK(ppdl_owner_encrypt(owner, slice, x, 1, 64, &opt, ERR));
	for (int t = 0; t < 16; t++)
	{
		OK(ppdl_owner_decrypt(owner, &v, slice, size, 1, ERR));
		for (int f = 0; f < 64; f++, n++)
			squares += v.v[f] * v.v[f];
		error = v.error;
		ppdl_values_free(&v);
	}
	assert_true(error > 0x1p15 * 3 * 0x1p-40 && error < 0x1p15 * 4 * 0x1p-40);
	if (fabs(sqrt(squares / n) / error - 1) > 0.15)
		fail_msg("noise %g where %g is stated", sqrt(squares / n), error);
	free(slice);
}

/* a public-key row of 20 bits has no room for it */
static void
test_share_refused(void **state)
{
	const double x[3] = {0.5, 0.25, -1};
	PpdlPublicKey *pk;
	PpdlWriter	key,
				row;
	PpdlReader	r;
	PpdlValues	v;
	PpdlRng    *rng = test_rng();

	ppdl_writer_init(&key);
	ppdl_writer_init(&row);
	OK(ppdl_owner_public_key(owner, &key, ERR));
	r = ppdl_reader(key.buf, key.len);
	OK(ppdl_wire_get_public_key(&r, &pk, ERR));
	OK(ppdl_row_encrypt_public(&row, x, 3, 1, 20, &(PpdlRowKey) {pk, ppdl_owner_fingerprint(owner), rng}, ERR));
	OK(ppdl_owner_decrypt(owner, &v, row.buf, row.len, 0, ERR));
	for (int f = 0; f < 3; f++)
		assert_true(fabs(v.v[f] - x[f]) < 8 * v.error);
	ppdl_values_free(&v);
	FAILS(PPDL_ERR_PRECISION, ppdl_owner_decrypt(owner, &v, row.buf, row.len, 1, ERR));
	ppdl_public_key_destroy(pk);
	ppdl_rng_destroy(rng);
	ppdl_writer_free(&key);
	ppdl_writer_free(&row);
}

/* a row in the clear form of 30 bits, appended to w */
static void
put_public_row(PpdlWriter *w, const double *x, int width)
{
	PpdlRng    *rng = test_rng();
	PpdlPublicKey *pk;
	PpdlWriter	key;
	PpdlReader	r;

	ppdl_writer_init(&key);
	OK(ppdl_owner_public_key(owner, &key, ERR));
	r = ppdl_reader(key.buf, key.len);
	OK(ppdl_wire_get_public_key(&r, &pk, ERR));
	OK(ppdl_row_encrypt_public(w, x, width, 1, 30, &(PpdlRowKey) {pk, ppdl_owner_fingerprint(owner), rng}, ERR));
	ppdl_public_key_destroy(pk);
	ppdl_writer_free(&key);
	ppdl_rng_destroy(rng);
}

/*
 * what a server may write in place of noise and scale; in units of the coefficients, errors stay those of a fresh value
 */
static void
test_stated_noise(void **state)
{
	static const double noises[] = {0, 1e-300, 1e-3, 1};
	static const double scales[] = {0x1p30, 0x1p32};
	double		x[16];
	PpdlWriter	row;
	PpdlValues	v;
	char		text[64];

	for (int f = 0; f < 16; f++)
		x[f] = 0.1 + 0.01 * f;
	ppdl_writer_init(&row);
	put_public_row(&row, x, 16);
	for (size_t i = 0; i < sizeof(noises) / sizeof(noises[0]); i++)
		for (size_t j = 0; j < sizeof(scales) / sizeof(scales[0]); j++)
			for (int share = 0; share < 2; share++)
			{
				const double floor = PPDL_SIGMA / scales[j] * (share ? 0x1p15 : 1);

				memcpy(row.buf + 16, &scales[j], 8);
				memcpy(row.buf + 24, &noises[i], 8);
				OK(ppdl_owner_decrypt(owner, &v, row.buf, row.len, share, ERR));
				assert_true(v.error >= floor);
				ppdl_format_value(text, sizeof(text), v.v[0], v.error);
				assert_true(strlen(text) < 12);
				ppdl_values_free(&v);
			}
	/* nothing was encrypted: an exact number tells nothing, and is not flooded */
	memcpy(row.buf + 16, &scales[0], 8);
	memset(row.buf + 24, 0, 8);
	memset(row.buf + 48, 0, row.len - 48);
	OK(ppdl_owner_decrypt(owner, &v, row.buf, row.len, 1, ERR));
	assert_true(v.error == 0 && v.v[3] == 0);
	ppdl_values_free(&v);
	ppdl_writer_free(&row);
}

static void
test_format(void **state)
{
	static const struct
	{
		double		v,
					error;
		const char *text;
	}			cases[] = {
		{0.12345678, 1e-4, "0.123"},
		{0.12345678, 1e-5, "0.1235"},
		{-0.00001, 1e-4, "0.000"},
		{12345.678, 30, "12000"},
		{-12345.678, 2, "-12350"},
		{1, 0, "1.000000000000000"},
		{0.1 + 0.2, 1e-12, "0.30000000000"},
		{NAN, 1, ""},
		{1e308, 1e308, "0"},
		{1.7e308, 2e307, "1.700000000000000e+308"},
		{1e200, 1e-6, "1.000000000000000e+200"},
		{123, INFINITY, "0"},
		{123, NAN, "0"},
		{123, -1, "0"},
		{5e-324, 5e-324, "0.000000000000000"},
		{123, 1e-320, "123.000000000000000"},
	};
	char		out[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		assert_int_equal(ppdl_format_value(out, sizeof(out), cases[i].v, cases[i].error), strlen(cases[i].text));
		assert_string_equal(out, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_key_file_flips),
		cmocka_unit_test(test_public_version_1),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_eval_keys_repeat),
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_public_sum),
		cmocka_unit_test(test_train_needs),
		cmocka_unit_test(test_public_predict),
		cmocka_unit_test(test_part_names),
		cmocka_unit_test(test_encrypt_decrypt),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_share_refused),
		cmocka_unit_test(test_stated_noise),
		cmocka_unit_test(test_format),
	};

	test_seed("test_owner");
	return cmocka_run_group_tests(tests, setup, teardown);
}

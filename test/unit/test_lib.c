/*
 * libppdl through its public header alone, and every error that a caller can make.  Also built against the shared
 * library, and run under valgrind, by test/scripts/check_library.sh.
 */
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <ppdl.h>

#include "comma_locale.h"

#define PASSPHRASE "only for tests"
#define OLD_KEY "contrib-data/kat/owner.key"
#define OLD_PASSPHRASE "known answer"
#define OLD_FINGERPRINT "3f10babda1527a0b"
#define RSA_KEY "test/data/rsa-test.key"

#define OK(expr) \
	do { \
		if ((expr) != 0) \
			fail_msg("%s: %d, %s", #expr, ppdl_err_code(err), ppdl_err_message(err)); \
		assert_int_equal(ppdl_err_code(err), 0); \
	} while (0)

/* options are the tool's: a text may name those of a command that it names, "ppdl encode --bands" */
static void
assert_no_options(const char *text)
{
	for (const char *p = text; (p = strstr(p, "--")) != NULL; p += 2)
	{
		const char *command = strstr(text, "ppdl ");

		if (p[2] >= 'a' && p[2] <= 'z' && (command == NULL || command > p))
			fail_msg("an option of the tool: %s", text);
	}
}

/* fails with this code and a message with this in it, with a handle and without */
#define FAILS(expected, part, expr) \
	do { \
		int32_t code_; \
		err = handle; \
		code_ = (expr); \
		if (code_ != (expected) || ppdl_err_code(err) != code_ || strstr(ppdl_err_message(err), part) == NULL) \
			fail_msg("%s: %d, %s", #expr, code_, ppdl_err_message(err)); \
		assert_no_options(ppdl_err_message(err)); \
		assert_no_options(ppdl_err_hint(err)); \
		err = NULL; \
		assert_int_equal((expr), (expected)); \
		err = handle; \
	} while (0)

static ppdl_err *handle;
static ppdl_err *err;			/* the same, or NULL */
static ppdl_key *key;
static char dir[40];

static const char features[] =
"{\"format\": \"ppdl-features\", \"version\": 1, \"id\": \"Id\", \"features\": ["
" {\"column\": \"Weight\", \"kind\": \"numeric\", \"min\": 40, \"max\": 120, \"missing\": true},"
" {\"column\": \"Ward\", \"kind\": \"binary\", \"categories\": [\"A\", \"B\"]},"
" {\"column\": \"Code\", \"kind\": \"one-hot\", \"categories\": [\"1\", \"2\", \"3\"]},"
" {\"kind\": \"constant\"}],"
" \"label\": {\"column\": \"Sick\", \"kind\": \"binary\", \"categories\": [\"no\", \"yes\"]}}";

static const char three_classes[] =
"{\"format\": \"ppdl-features\", \"version\": 1, \"features\": [{\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0, \"max\": 1}],"
" \"label\": {\"column\": \"l\", \"kind\": \"one-hot\", \"categories\": [\"x\", \"y\", \"z\"]}}";

static const char number_label[] =
"{\"format\": \"ppdl-features\", \"version\": 1, \"features\": [{\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0, \"max\": 1}],"
" \"label\": {\"column\": \"l\", \"kind\": \"numeric\", \"min\": 10, \"max\": 30}}";

static const char *
path(const char *name)
{
	static char buf[4][200];
	static int	n;

	n = (n + 1) % 4;
	snprintf(buf[n], sizeof buf[n], "%s/%s", dir, name);
	return buf[n];
}

static int
setup(void **state)
{
	(void) state;
	err = handle = ppdl_err_new();
	strcpy(dir, "/tmp/ppdl-test-lib.XXXXXX");
	assert_non_null(mkdtemp(dir));
	OK(ppdl_key_generate(&key, "hospital", err));
	return 0;
}

static int
teardown(void **state)
{
	static const char *const name[] = {"a.key", "a.pub", "w.pub", "m", "m.new", "weak.key", "f.json"};

	(void) state;
	for (size_t i = 0; i < sizeof name / sizeof *name; i++)
		unlink(path(name[i]));
	rmdir(dir);
	ppdl_key_free(key);
	ppdl_err_free(handle);
	return 0;
}

static ppdl_encoding *
encoding_of(const char *json)
{
	ppdl_encoding *encoding;

	OK(ppdl_encoding_read(&encoding, json, strlen(json), "f.json", err));
	return encoding;
}

/* ------------------------------------------------------------------ errors */

static void
test_errors(void **state)
{
	ppdl_key   *none = key;

	(void) state;
	assert_string_equal(ppdl_version(), "0.2.0");
	FAILS(PPDL_E_ARGUMENT, "name is NULL", ppdl_key_generate(&none, NULL, err));
	assert_null(none);
	assert_string_equal(ppdl_err_hint(handle), "");
	FAILS(PPDL_E_ARGUMENT, "out is NULL", ppdl_key_generate(NULL, "x", err));
	assert_int_equal(ppdl_err_code(NULL), 0);
	assert_string_equal(ppdl_err_message(NULL), "");
	assert_string_equal(ppdl_err_detail(NULL), "");
	assert_string_equal(ppdl_err_hint(NULL), "");
	ppdl_err_free(NULL);
	ppdl_key_free(NULL);
	ppdl_encryptor_free(NULL);
	ppdl_plain_free(NULL);
	ppdl_encoding_free(NULL);
	ppdl_network_free(NULL);
	ppdl_key_set_poll(NULL, NULL, NULL);
	assert_int_equal(ppdl_key_scheme(NULL), 0);
	assert_string_equal(ppdl_key_name(NULL), "");
	assert_string_equal(ppdl_key_fingerprint(NULL), "");
}

/* ------------------------------------------------------------------ keys */

static void
test_new_key(void **state)
{
	static char longer[1100];
	ppdl_key   *none;
	struct stat st;

	(void) state;
	memset(longer, 'x', sizeof longer);
	assert_int_equal(ppdl_key_scheme(key), PPDL_LWE);
	assert_string_equal(ppdl_key_name(key), "hospital");
	assert_int_equal(strlen(ppdl_key_fingerprint(key)), 16);
	FAILS(PPDL_E_ARGUMENT, "name", ppdl_key_generate(&none, "a b", err));
	FAILS(PPDL_E_ARGUMENT, "fingerprint", ppdl_key_generate(&none, "0123456789abcdef", err));

	FAILS(PPDL_E_ARGUMENT, "key is NULL", ppdl_key_save(NULL, path("a.key"), PASSPHRASE, 14, 0, err));
	FAILS(PPDL_E_ARGUMENT, "path is NULL", ppdl_key_save(key, NULL, PASSPHRASE, 14, 0, err));
	FAILS(PPDL_E_ARGUMENT, "passphrase is NULL", ppdl_key_save(key, path("a.key"), NULL, 14, 0, err));
	FAILS(PPDL_E_ARGUMENT, "flags", ppdl_key_save(key, path("a.key"), PASSPHRASE, 14, 2, err));
	FAILS(PPDL_E_KEY, "fewer than 8", ppdl_key_save(key, path("a.key"), "short", 5, 0, err));
	FAILS(PPDL_E_KEY, "empty", ppdl_key_save(key, path("a.key"), "", 0, 0, err));
	FAILS(PPDL_E_KEY, "zero byte", ppdl_key_save(key, path("a.key"), "only\0for tests", 14, 0, err));
	FAILS(PPDL_E_KEY, "longer", ppdl_key_save(key, path("a.key"), longer, sizeof longer, 0, err));
	FAILS(PPDL_E_IO, "nowhere", ppdl_key_save(key, path("nowhere/a.key"), PASSPHRASE, 14, 0, err));
	assert_int_equal(access(path("a.key"), F_OK), -1);

	OK(ppdl_key_save(key, path("a.key"), PASSPHRASE, 14, 0, err));
	assert_int_equal(stat(path("a.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	FAILS(PPDL_E_IO, "exists", ppdl_key_save(key, path("a.key"), PASSPHRASE, 14, 0, err));
	assert_string_not_equal(ppdl_err_hint(handle), "");

	FAILS(PPDL_E_ARGUMENT, "key is NULL", ppdl_key_save_public(NULL, path("a.pub"), err));
	FAILS(PPDL_E_ARGUMENT, "path is NULL", ppdl_key_save_public(key, NULL, err));
	OK(ppdl_key_save_public(key, path("a.pub"), err));
	assert_int_equal(stat(path("a.pub"), &st), 0);
	FAILS(PPDL_E_IO, "exists", ppdl_key_save_public(key, path("a.pub"), err));
}

/* answers, and counts how often it was asked */
typedef struct Answer
{
	const char *text;			/* NULL: gives up */
	int64_t		len;
	int			asked;
	char		name[64];
} Answer;

static int64_t
answer(void *arg, const char *name, char *buf, size_t capacity)
{
	Answer	   *a = arg;

	a->asked++;
	snprintf(a->name, sizeof a->name, "%s", name);
	if (a->text == NULL)
		return -1;
	if ((size_t) a->len <= capacity)
		memcpy(buf, a->text, (size_t) a->len);
	return a->len;
}

static void
test_load(void **state)
{
	Answer		right = {OLD_PASSPHRASE, 12, 0, ""},
				gives_up = {NULL, 0, 0, ""},
				much = {"", 5000, 0, ""};
	ppdl_key   *k;

	(void) state;
	OK(ppdl_key_load(&k, path("a.key"), PASSPHRASE, 14, err));
	assert_string_equal(ppdl_key_fingerprint(k), ppdl_key_fingerprint(key));
	assert_string_equal(ppdl_key_name(k), "hospital");
	ppdl_key_free(k);
	FAILS(PPDL_E_KEY, "wrong passphrase", ppdl_key_load(&k, path("a.key"), "only for test", 13, err));
	assert_null(k);
	FAILS(PPDL_E_KEY, "empty", ppdl_key_load(&k, path("a.key"), "", 0, err));
	FAILS(PPDL_E_IO, "nosuch.key", ppdl_key_load(&k, path("nosuch.key"), PASSPHRASE, 14, err));
	FAILS(PPDL_E_KEY, "README.md", ppdl_key_load(&k, "README.md", PASSPHRASE, 14, err));
	FAILS(PPDL_E_ARGUMENT, "passphrase is NULL", ppdl_key_load(&k, path("a.key"), NULL, 0, err));
	FAILS(PPDL_E_ARGUMENT, "path is NULL", ppdl_key_load(&k, NULL, PASSPHRASE, 14, err));
	FAILS(PPDL_E_ARGUMENT, "out is NULL", ppdl_key_load(NULL, path("a.key"), PASSPHRASE, 14, err));

	OK(ppdl_key_load_ask(&k, OLD_KEY, answer, &right, err));
	assert_int_equal(right.asked, 1);
	assert_string_equal(right.name, "kat");
	assert_string_equal(ppdl_key_fingerprint(k), OLD_FINGERPRINT);
	ppdl_key_free(k);
	FAILS(PPDL_E_CANCELED, "kat", ppdl_key_load_ask(&k, OLD_KEY, answer, &gives_up, err));
	assert_null(k);
	FAILS(PPDL_E_KEY, "longer", ppdl_key_load_ask(&k, OLD_KEY, answer, &much, err));
	right.asked = 0;
	FAILS(PPDL_E_KEY, "README.md", ppdl_key_load_ask(&k, "README.md", answer, &right, err));
	FAILS(PPDL_E_IO, "nosuch", ppdl_key_load_ask(&k, path("nosuch.key"), answer, &right, err));
	FAILS(PPDL_E_ARGUMENT, "ask is NULL", ppdl_key_load_ask(&k, OLD_KEY, NULL, NULL, err));
	assert_int_equal(right.asked, 0);
}

static void
test_writer(void **state)
{
	const ppdl_encryptor_options options = {.size = sizeof options, .inputs = 1};
	ppdl_encryptor_info shape = {.size = sizeof shape};
	ppdl_plain_info info = {.size = sizeof info};
	const double x = 0.25;
	ppdl_encryptor *encryptor;
	ppdl_plain *plain;
	ppdl_key   *writer,
			   *other;
	uint8_t    *cell;

	(void) state;
	OK(ppdl_key_generate_writer(&writer, "ward", path("a.pub"), err));
	assert_string_equal(ppdl_key_writes_for(writer), ppdl_key_fingerprint(key));
	assert_string_equal(ppdl_key_writes_for(key), "");
	FAILS(PPDL_E_KEY, "writer", ppdl_key_save_public(writer, path("w.pub"), err));
	FAILS(PPDL_E_KEY, "owner's key", ppdl_key_save_writer(key, path("a.pub"), path("w.pub"), err));
	OK(ppdl_key_save_writer(writer, path("a.pub"), path("w.pub"), err));
	FAILS(PPDL_E_IO, "exists", ppdl_key_save_writer(writer, path("a.pub"), path("w.pub"), err));
	FAILS(PPDL_E_KEY, "w.pub", ppdl_key_generate_writer(&other, "x", path("w.pub"), err));
	FAILS(PPDL_E_IO, "nosuch", ppdl_key_generate_writer(&other, "x", path("nosuch.pub"), err));
	FAILS(PPDL_E_ARGUMENT, "owner_public is NULL", ppdl_key_generate_writer(&other, "x", NULL, err));
	assert_null(other);

	OK(ppdl_encryptor_new(&encryptor, writer, &options, err));
	OK(ppdl_encryptor_describe(encryptor, &shape, err));
	cell = malloc(shape.cell_bytes[0]);
	OK(ppdl_encrypt(encryptor, &x, NULL, 1, cell, NULL, err));
	ppdl_encryptor_free(encryptor);
	assert_int_equal(ppdl_key_reads(key, ppdl_key_fingerprint(writer)), 0);
	FAILS(PPDL_E_KEY, "key", ppdl_decrypt(&plain, key, cell, shape.cell_bytes[0], 0, err));
	FAILS(PPDL_E_KEY, "an owner", ppdl_key_add_writer_file(key, path("a.pub"), err));
	FAILS(PPDL_E_FORMAT, "", ppdl_key_add_writer(key, "part", 4, err));
	FAILS(PPDL_E_ARGUMENT, "part is NULL", ppdl_key_add_writer(key, NULL, 4, err));
	OK(ppdl_key_add_writer_file(key, path("w.pub"), err));
	assert_int_equal(ppdl_key_reads(key, ppdl_key_fingerprint(writer)), 1);
	OK(ppdl_decrypt(&plain, key, cell, shape.cell_bytes[0], 0, err));
	OK(ppdl_plain_describe(plain, &info, err));
	assert_true(fabs(info.values[0] - x) < 1e-6);
	ppdl_plain_free(plain);

	/* sealed to the owner: to nobody else */
	OK(ppdl_key_generate(&other, "other", err));
	OK(ppdl_key_add_writer_file(other, path("w.pub"), err));
	assert_int_equal(ppdl_key_reads(other, ppdl_key_fingerprint(writer)), 0);
	assert_int_equal(ppdl_key_reads(other, ppdl_key_fingerprint(other)), 1);
	assert_int_equal(ppdl_key_reads(other, "no fingerprint"), 0);
	assert_int_equal(ppdl_key_reads(NULL, NULL), 0);
	FAILS(PPDL_E_KEY, "key", ppdl_decrypt(&plain, other, cell, shape.cell_bytes[0], 0, err));
	free(cell);
	ppdl_key_free(other);
	ppdl_key_free(writer);
}

static void
test_receipts(void **state)
{
	const char *const bind[] = {"ward", NULL},
			   *const manifests[] = {path("m"), NULL};
	const ppdl_receipts_options with = {.size = sizeof with, .table = "patients", .bind = bind, .manifest = manifests[0]};
	const ppdl_encryptor_options options = {.size = sizeof options, .inputs = 1, .outputs = 1};
	const ppdl_verifier_options what = {.size = sizeof what, .manifests = manifests};
	ppdl_verifier_options bad = what;
	ppdl_receipts_options other = with;
	ppdl_encryptor_info shape = {.size = sizeof shape};
	const double x[] = {0.25, 0.5},
				y[] = {1, -1};
	const char *const ids[] = {"1", "2"},
			   *const twice[] = {"3", "3"},
			   *const none[] = {"4", NULL},
			   *const bound[] = {"A", NULL},
			   *const names[] = {"ward", "lwe_receipt"},
			   *const fields[] = {"A", NULL},
			   *const lies[] = {"A", "verified: 2 rows"},
			   *proved[2];
	const uint8_t has[] = {1, 0};
	ppdl_encryptor *encryptor;
	ppdl_receipts *receipts;
	ppdl_verifier *verifier;
	ppdl_value_info info = {.size = sizeof info};
	uint8_t    *cell[2],
			   *tagged[2];
	size_t		more;
	struct stat file;

	(void) state;
	OK(ppdl_encryptor_new(&encryptor, key, &options, err));
	OK(ppdl_encryptor_describe(encryptor, &shape, err));
	OK(ppdl_receipts_new(&receipts, encryptor, &with, err));
	more = ppdl_receipts_bytes(receipts);
	assert_true(more >= 32);
	for (int i = 0; i < 2; i++)
	{
		cell[i] = malloc(2 * shape.cell_bytes[i]);
		tagged[i] = calloc(2, shape.cell_bytes[i] + more);
	}
	OK(ppdl_encrypt(encryptor, x, y, 2, cell[0], cell[1], err));
	FAILS(PPDL_E_ARGUMENT, "labels", ppdl_receipts_tag(receipts, ids, bound, 2, cell[0], NULL, has, tagged[0], NULL, err));
	FAILS(PPDL_E_ARGUMENT, "bound is NULL",
		  ppdl_receipts_tag(receipts, ids, NULL, 2, cell[0], cell[1], has, tagged[0], tagged[1], err));
	OK(ppdl_receipts_tag(receipts, ids, bound, 2, cell[0], cell[1], has, tagged[0], tagged[1], err));
	OK(ppdl_value_describe(tagged[0] + shape.cell_bytes[0] + more, shape.cell_bytes[0] + more, &info, err));
	assert_int_equal(info.kind, PPDL_VALUE_CELL);
	OK(ppdl_value_describe(tagged[1], shape.cell_bytes[1] + more, &info, err));
	assert_true(tagged[1][shape.cell_bytes[1] + more] == 0);
	/* whatever lies beside it */
	close(open(path("m.new"), O_WRONLY | O_CREAT | O_EXCL, 0666));
	OK(ppdl_receipts_save(receipts, err));
	ppdl_receipts_free(receipts);
	assert_int_equal(stat(manifests[0], &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	assert_int_equal(stat(path("m.new"), &file), 0);

	OK(ppdl_receipts_new(&receipts, encryptor, &with, err));
	assert_int_equal(ppdl_receipts_tag(receipts, twice, bound, 1, cell[0], cell[1], has, tagged[0], tagged[1], err),
					 PPDL_E_ARGUMENT);
	ppdl_receipts_free(receipts);
	OK(ppdl_encrypt(encryptor, x, y, 2, cell[0], cell[1], err));
	OK(ppdl_receipts_new(&receipts, encryptor, &with, err));
	assert_int_equal(ppdl_receipts_tag(receipts, twice, bound, 2, cell[0], cell[1], has, tagged[0], tagged[1], err),
					 PPDL_E_FORMAT);
	assert_non_null(strstr(ppdl_err_message(err), "id \"3\""));
	ppdl_receipts_free(receipts);
	OK(ppdl_receipts_new(&receipts, encryptor, &with, err));
	assert_int_equal(ppdl_receipts_tag(receipts, none, bound, 2, cell[0], cell[1], has, tagged[0], tagged[1], err),
					 PPDL_E_ARGUMENT);
	ppdl_receipts_free(receipts);
	other.table = "others";
	FAILS(PPDL_E_ARGUMENT, "patients", ppdl_receipts_new(&receipts, encryptor, &other, err));
	other.table = NULL;
	FAILS(PPDL_E_ARGUMENT, "options->table is NULL", ppdl_receipts_new(&receipts, encryptor, &other, err));
	FAILS(PPDL_E_ARGUMENT, "encryptor is NULL", ppdl_receipts_new(&receipts, NULL, &with, err));
	assert_null(receipts);
	ppdl_receipts_free(NULL);
	assert_int_equal(ppdl_receipts_bytes(NULL), 0);

	OK(ppdl_verifier_new(&verifier, key, &what, err));
	OK(ppdl_verifier_record(verifier, names, fields, 2, proved, err));
	assert_string_equal(proved[0], "A");
	assert_null(proved[1]);
	FAILS(PPDL_E_KEY, "verified", ppdl_verifier_record(verifier, names, lies, 2, proved, err));
	FAILS(PPDL_E_ARGUMENT, "sql is NULL", ppdl_verifier_query(verifier, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "verifier is NULL", ppdl_verifier_query(NULL, "SELECT 1", err));
	FAILS(PPDL_E_ARGUMENT, "proved is NULL", ppdl_verifier_record(verifier, names, lies, 2, NULL, err));
	ppdl_verifier_free(verifier);
	ppdl_verifier_free(NULL);
	bad.column = "ward";
	FAILS(PPDL_E_ARGUMENT, "neither", ppdl_verifier_new(&verifier, key, &bad, err));
	bad = (ppdl_verifier_options) {.size = sizeof bad, .table = "patients", .all_rows = 1};
	FAILS(PPDL_E_ARGUMENT, "manifests is empty", ppdl_verifier_new(&verifier, key, &bad, err));
	bad.all_rows = 2;
	FAILS(PPDL_E_ARGUMENT, "all_rows is 2", ppdl_verifier_new(&verifier, key, &bad, err));
	bad = (ppdl_verifier_options) {.size = sizeof bad};
	FAILS(PPDL_E_ARGUMENT, "table", ppdl_verifier_new(&verifier, key, &bad, err));
	for (int i = 0; i < 2; i++)
	{
		free(cell[i]);
		free(tagged[i]);
	}
	ppdl_encryptor_free(encryptor);
}

static void
test_rsa_key(void **state)
{
	const ppdl_encryptor_options options = {.size = sizeof options, .inputs = 1};
	ppdl_encryptor *encryptor;
	ppdl_key   *rsa;

	(void) state;
	OK(ppdl_key_load(&rsa, RSA_KEY, "test-only", 9, err));
	assert_int_equal(ppdl_key_scheme(rsa), PPDL_RSA);
	assert_string_equal(ppdl_key_name(rsa), "rsa-test");
	assert_int_equal(strlen(ppdl_key_fingerprint(rsa)), 16);
	FAILS(PPDL_E_KEY, "RSA", ppdl_key_save(rsa, path("weak.key"), PASSPHRASE, 14, 0, err));
	FAILS(PPDL_E_KEY, "RSA", ppdl_key_save_public(rsa, path("b.pub"), err));
	FAILS(PPDL_E_KEY, "RSA", ppdl_encryptor_new(&encryptor, rsa, &options, err));
	ppdl_key_free(rsa);
	FAILS(PPDL_E_KEY, "passphrase", ppdl_key_load(&rsa, RSA_KEY, "test-onlY", 9, err));
	FAILS(PPDL_E_KEY, "no encrypted private key", ppdl_key_load(&rsa, "test/data/rsa-test.pub", "test-only", 9, err));
	assert_non_null(strstr(ppdl_err_hint(handle), "public"));
}

/* ------------------------------------------------------------------ encryption, and back */

static ppdl_encryptor *
encryptor_of(int inputs, int outputs, int compact, int batch_rows, uint64_t bytes[2])
{
	const ppdl_encryptor_options options = {.size = sizeof options, .inputs = inputs, .outputs = outputs,
											.compact = compact, .batch_rows = batch_rows};
	ppdl_encryptor_info info = {.size = sizeof info};
	ppdl_encryptor *encryptor;

	OK(ppdl_encryptor_new(&encryptor, key, &options, err));
	OK(ppdl_encryptor_describe(encryptor, &info, err));
	assert_int_equal(info.size, sizeof info);
	if (batch_rows)
		assert_int_equal(info.batch_rows, batch_rows);
	memcpy(bytes, info.cell_bytes, sizeof info.cell_bytes);
	return encryptor;
}

static void
test_encryptor(void **state)
{
	const ppdl_encryptor_options good = {.size = sizeof good, .inputs = 3};
	ppdl_encryptor_options o;
	ppdl_encryptor_info info = {.size = 8};
	ppdl_encryptor *encryptor;
	struct
	{
		ppdl_encryptor_options o;
		int64_t		more;
	}			later = {.o = {.size = sizeof later, .inputs = 3}};

	(void) state;
	FAILS(PPDL_E_ARGUMENT, "out is NULL", ppdl_encryptor_new(NULL, key, &good, err));
	FAILS(PPDL_E_ARGUMENT, "key is NULL", ppdl_encryptor_new(&encryptor, NULL, &good, err));
	FAILS(PPDL_E_ARGUMENT, "options is NULL", ppdl_encryptor_new(&encryptor, key, NULL, err));
#define BAD(member, value, code, part) \
	o = good; \
	o.member = value; \
	FAILS(code, part, ppdl_encryptor_new(&encryptor, key, &o, err)); \
	assert_null(encryptor)
	BAD(size, 0, PPDL_E_ARGUMENT, "options->size is 0");
	BAD(size, 39, PPDL_E_ARGUMENT, "options->size is 39");
	BAD(inputs, 0, PPDL_E_ARGUMENT, "inputs");
	BAD(inputs, -1, PPDL_E_ARGUMENT, "inputs");
	BAD(inputs, 1 << 30, PPDL_E_RANGE, "do not fit");
	BAD(inputs, INT32_MAX, PPDL_E_RANGE, "do not fit");
	BAD(outputs, -1, PPDL_E_ARGUMENT, "outputs");
	BAD(outputs, INT32_MAX, PPDL_E_RANGE, "do not fit");
	BAD(compact, 2, PPDL_E_ARGUMENT, "compact");
	BAD(scale_bits, 19, PPDL_E_ARGUMENT, "scale_bits");
	BAD(scale_bits, 41, PPDL_E_ARGUMENT, "scale_bits");
	BAD(batch_rows, 3, PPDL_E_ARGUMENT, "power of two");
	BAD(batch_rows, -4, PPDL_E_ARGUMENT, "power of two");
	BAD(batch_rows, 1 << 30, PPDL_E_ARGUMENT, "at most");
	BAD(reserved, 1, PPDL_E_ARGUMENT, "reserved");
	BAD(encoding, UINT64_C(1) << 48, PPDL_E_ARGUMENT, "encoding");
	/* a caller of a later version, who asks for nothing that this one does not know, and one who does */
	OK(ppdl_encryptor_new(&encryptor, key, &later.o, err));
	FAILS(PPDL_E_ARGUMENT, "info->size", ppdl_encryptor_describe(encryptor, &info, err));
	FAILS(PPDL_E_ARGUMENT, "info is NULL", ppdl_encryptor_describe(encryptor, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "encryptor is NULL", ppdl_encryptor_describe(NULL, &info, err));
	ppdl_encryptor_free(encryptor);
	later.more = 1;
	FAILS(PPDL_E_VERSION, "options", ppdl_encryptor_new(&encryptor, key, &later.o, err));
}

static void
check_cell(const uint8_t *cell, size_t bytes, const double *expected, int width, int compact)
{
	ppdl_value_info what = {.size = sizeof what};
	ppdl_plain_info info = {.size = sizeof info};
	char	   *text = malloc(PPDL_BASE64_SIZE(bytes));
	ppdl_plain *plain;

	ppdl_base64(cell, bytes, text);
	assert_int_equal(strlen(text) + 1, PPDL_BASE64_SIZE(bytes));
	for (int as_text = 0; as_text < 2; as_text++)
	{
		const void *data = as_text ? (const void *) text : cell;
		size_t		len = as_text ? strlen(text) : bytes;

		OK(ppdl_value_describe(data, len, &what, err));
		assert_int_equal(what.scheme, PPDL_LWE);
		assert_int_equal(what.kind, PPDL_VALUE_CELL);
		assert_int_equal(what.compact, compact);
		assert_int_equal(what.width, width);
		assert_int_equal(what.rows, 1);
		assert_int_equal(what.encoding, 0);
		assert_string_equal(what.fingerprint, ppdl_key_fingerprint(key));
		OK(ppdl_decrypt(&plain, key, data, len, 0, err));
		OK(ppdl_plain_describe(plain, &info, err));
		assert_int_equal(info.rows, 1);
		assert_int_equal(info.held, 1);
		assert_int_equal(info.width, width);
		assert_null(info.exact);
		assert_true(info.error > 0 && info.error < 1e-5);
		for (int i = 0; i < width; i++)
			assert_true(fabs(info.values[i] - expected[i]) < 8 * info.error);
		ppdl_plain_free(plain);
	}
	free(text);
}

static void
check_rows(int compact, int outputs, int batch_rows, size_t rows)
{
	const int	inputs = 5;
	uint64_t	bytes[2];
	ppdl_encryptor *encryptor = encryptor_of(inputs, outputs, compact, batch_rows, bytes);
	double	   *x = malloc(rows * (size_t) inputs * sizeof *x),
			   *y = outputs ? malloc(rows * (size_t) outputs * sizeof *y) : NULL;
	uint8_t    *cells = malloc(rows * bytes[0]),
			   *labels = outputs ? malloc(rows * bytes[1]) : NULL;

	assert_true((bytes[1] > 0) == (outputs > 0));
	for (size_t i = 0; i < rows * (size_t) inputs; i++)
		x[i] = i == 0 ? 1 : i == 1 ? -1 : sin((double) i);
	for (size_t i = 0; i < rows * (size_t) outputs; i++)
		y[i] = i % 2 ? 1 : -1;
	OK(ppdl_encrypt(encryptor, x, y, rows, cells, labels, err));
	for (size_t r = 0; r < rows; r++)
	{
		check_cell(cells + r * bytes[0], bytes[0], x + r * (size_t) inputs, inputs, compact);
		if (outputs)
			check_cell(labels + r * bytes[1], bytes[1], y + r * (size_t) outputs, outputs, compact);
	}
	ppdl_encryptor_free(encryptor);
	free(x);
	free(y);
	free(cells);
	free(labels);
}

static void
test_rows(void **state)
{
	(void) state;
	check_rows(0, 0, 0, 3);
	check_rows(1, 0, 4, 9);		/* batches of 4, 4 and 1 */
	check_rows(0, 2, 4, 6);
}

/* rows say what their numbers were made by */
static void
test_identity(void **state)
{
	const ppdl_encryptor_options options = {.size = sizeof options, .inputs = 1, .encoding = UINT64_C(0x3fa2b1c4d5e6)};
	ppdl_encryptor_info info = {.size = sizeof info};
	ppdl_value_info what = {.size = sizeof what};
	ppdl_encryptor *encryptor;
	const double x = 0.5;
	uint8_t    *cell;

	(void) state;
	OK(ppdl_encryptor_new(&encryptor, key, &options, err));
	OK(ppdl_encryptor_describe(encryptor, &info, err));
	cell = malloc(info.cell_bytes[0]);
	OK(ppdl_encrypt(encryptor, &x, NULL, 1, cell, NULL, err));
	OK(ppdl_value_describe(cell, info.cell_bytes[0], &what, err));
	assert_true(what.encoding == options.encoding);
	ppdl_encryptor_free(encryptor);
	free(cell);
}

static void
test_encrypt_errors(void **state)
{
	uint64_t	bytes[2];
	ppdl_encryptor *encryptor = encryptor_of(2, 1, 0, 2, bytes),
			   *plain = encryptor_of(2, 0, 0, 2, bytes + 0);
	double		x[6] = {0, 1, -1, 0.5, 0, 0},
				y[3] = {1, 1, 1};
	uint8_t    *cells,
			   *labels;

	(void) state;
	cells = calloc(3, 1000);
	labels = calloc(3, 1000);
	FAILS(PPDL_E_ARGUMENT, "encryptor is NULL", ppdl_encrypt(NULL, x, y, 3, cells, labels, err));
	FAILS(PPDL_E_ARGUMENT, "x is NULL", ppdl_encrypt(encryptor, NULL, y, 3, cells, labels, err));
	FAILS(PPDL_E_ARGUMENT, "features is NULL", ppdl_encrypt(encryptor, x, y, 3, NULL, labels, err));
	FAILS(PPDL_E_ARGUMENT, "y or labels is NULL", ppdl_encrypt(encryptor, x, NULL, 3, cells, labels, err));
	FAILS(PPDL_E_ARGUMENT, "y or labels is NULL", ppdl_encrypt(encryptor, x, y, 3, cells, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "without label", ppdl_encrypt(plain, x, y, 3, cells, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "rows", ppdl_encrypt(encryptor, x, y, SIZE_MAX / 2, cells, labels, err));
	OK(ppdl_encrypt(encryptor, NULL, y, 0, NULL, labels, err));
	x[5] = 1.0000001;
	FAILS(PPDL_E_RANGE, "x: row 3, value 2", ppdl_encrypt(encryptor, x, y, 3, cells, labels, err));
	x[5] = NAN;
	FAILS(PPDL_E_RANGE, "x: row 3, value 2 is nan", ppdl_encrypt(plain, x, NULL, 3, cells, NULL, err));
	x[5] = 0;
	y[1] = -INFINITY;
	FAILS(PPDL_E_RANGE, "y: row 2, value 1 is -inf", ppdl_encrypt(encryptor, x, y, 3, cells, labels, err));
	/* nothing was written */
	for (int i = 0; i < 3000; i++)
		assert_true(cells[i] == 0 && labels[i] == 0);
	ppdl_encryptor_free(encryptor);
	ppdl_encryptor_free(plain);
	free(cells);
	free(labels);
}

static void
test_decrypt_errors(void **state)
{
	uint64_t	bytes[2];
	ppdl_encryptor *encryptor = encryptor_of(2, 0, 0, 0, bytes);
	const double x[2] = {0.25, -0.5};
	uint8_t    *cell = malloc(bytes[0]);
	char	   *text = malloc(PPDL_BASE64_SIZE(bytes[0]));
	size_t		len = PPDL_BASE64_SIZE(bytes[0]) - 1;
	ppdl_value_info what = {.size = sizeof what};
	ppdl_plain_info info = {.size = 8};
	ppdl_plain *plain;

	(void) state;
	OK(ppdl_encrypt(encryptor, x, NULL, 1, cell, NULL, err));
	ppdl_base64(cell, bytes[0], text);
	FAILS(PPDL_E_ARGUMENT, "out is NULL", ppdl_decrypt(NULL, key, cell, bytes[0], 0, err));
	FAILS(PPDL_E_ARGUMENT, "key is NULL", ppdl_decrypt(&plain, NULL, cell, bytes[0], 0, err));
	FAILS(PPDL_E_ARGUMENT, "data is NULL", ppdl_decrypt(&plain, key, NULL, 0, 0, err));
	FAILS(PPDL_E_ARGUMENT, "flags", ppdl_decrypt(&plain, key, cell, bytes[0], 8, err));
	FAILS(PPDL_E_FORMAT, "no encrypted value", ppdl_decrypt(&plain, key, "", 0, 0, err));
	FAILS(PPDL_E_FORMAT, "no encrypted value", ppdl_decrypt(&plain, key, "{1,2}", 5, 0, err));
	FAILS(PPDL_E_FORMAT, "no multiple of 4", ppdl_decrypt(&plain, key, text, len - 1, 0, err));
	text[10] = '*';
	FAILS(PPDL_E_FORMAT, "damaged", ppdl_decrypt(&plain, key, text, len, 0, err));
	/* cut short anywhere: refused, and nothing beyond the end is read (sanitizers, valgrind) */
	for (size_t n = 0; n < bytes[0]; n++)
	{
		uint8_t    *part = malloc(n + 1);

		memcpy(part, cell, n);
		assert_int_not_equal(ppdl_decrypt(&plain, key, part, n, 0, err), 0);
		assert_null(plain);
		assert_int_not_equal(ppdl_value_describe(part, n, &what, err), 0);
		free(part);
	}
	what.size = 8;
	FAILS(PPDL_E_ARGUMENT, "info->size", ppdl_value_describe(cell, bytes[0], &what, err));
	FAILS(PPDL_E_ARGUMENT, "info is NULL", ppdl_value_describe(cell, bytes[0], NULL, err));
	FAILS(PPDL_E_ARGUMENT, "data is NULL", ppdl_value_describe(NULL, 5, &what, err));
	cell[2] = 9;
	FAILS(PPDL_E_VERSION, "version", ppdl_decrypt(&plain, key, cell, bytes[0], 0, err));
	cell[2] = 1;

	OK(ppdl_decrypt(&plain, key, cell, bytes[0], PPDL_SHARE, err));
	FAILS(PPDL_E_ARGUMENT, "info->size", ppdl_plain_describe(plain, &info, err));
	FAILS(PPDL_E_ARGUMENT, "plain is NULL", ppdl_plain_describe(NULL, &info, err));
	info.size = sizeof info;
	OK(ppdl_plain_describe(plain, &info, err));
	assert_true(info.error > 1e-5 && fabs(info.values[0] - 0.25) < 8 * info.error);	/* more noise than there was */
	ppdl_plain_free(plain);
	ppdl_encryptor_free(encryptor);
	free(cell);
	free(text);
}

static void
test_decrypt_under_other_keys(void **state)
{
	uint64_t	bytes[2];
	ppdl_encryptor *encryptor = encryptor_of(2, 0, 0, 0, bytes);
	const double x[2] = {0.25, -0.5};
	uint8_t    *cell = malloc(bytes[0]);
	ppdl_plain *plain;
	ppdl_key   *other;

	(void) state;
	OK(ppdl_encrypt(encryptor, x, NULL, 1, cell, NULL, err));
	OK(ppdl_key_generate(&other, "other", err));
	FAILS(PPDL_E_KEY, ppdl_key_fingerprint(key), ppdl_decrypt(&plain, other, cell, bytes[0], 0, err));
	assert_non_null(strstr(ppdl_err_message(handle), ppdl_key_fingerprint(other)));
	ppdl_key_free(other);
	OK(ppdl_key_load(&other, RSA_KEY, "test-only", 9, err));
	FAILS(PPDL_E_KEY, "is an RSA key", ppdl_decrypt(&plain, other, cell, bytes[0], 0, err));
	ppdl_key_free(other);
	ppdl_encryptor_free(encryptor);
	free(cell);
}

static void
test_text(void **state)
{
	char		text[64];

	(void) state;
	ppdl_digits(text, 0.123456, 0.001);
	assert_string_equal(text, "0.12");
	ppdl_digits(text, NAN, 0.001);
	assert_string_equal(text, "");
	ppdl_base64((const uint8_t *) "PL\1x", 4, text);
	assert_string_equal(text, "UEwBeA==");
	ppdl_base64(NULL, 0, text);
	assert_string_equal(text, "");
}

/* ------------------------------------------------------------------ feature files */

static void
test_encoding(void **state)
{
	static const char *const input[] = {"Weight", "Weight missing", "Ward", "Code = 1", "Code = 2", "Code = 3", "constant"};
	static const char *const average[] = {"Weight", "Weight missing", "Ward = B", "Code = 1", "Code = 2", "Code = 3"};
	ppdl_encoding *e = encoding_of(features),
			   *none;
	ppdl_encoding_info info = {.size = sizeof info};
	FILE	   *f = fopen(path("f.json"), "w");

	(void) state;
	OK(ppdl_encoding_describe(e, &info, err));
	assert_int_equal(info.inputs, 7);
	assert_int_equal(info.outputs, 1);
	assert_int_equal(info.columns, 3);
	assert_int_equal(info.classes, 2);
	assert_int_equal(info.averages, 6);
	assert_int_equal(info.id, 0);
	assert_string_equal(info.id_column, "Id");
	assert_string_equal(info.label_column, "Sick");
	for (int i = 0; i < 6; i++)
		assert_string_equal(ppdl_encoding_name(e, PPDL_NAME_AVERAGE, i), average[i]);
	for (int i = 3; i < 6; i++)
		assert_string_equal(ppdl_encoding_name(e, PPDL_NAME_INPUT, i), input[i]);
	assert_null(ppdl_encoding_name(e, PPDL_NAME_INPUT, 7));
	assert_null(ppdl_encoding_name(e, PPDL_NAME_INPUT, -1));
	assert_string_equal(ppdl_encoding_name(e, PPDL_NAME_COLUMN, 2), "Code");
	assert_null(ppdl_encoding_name(e, PPDL_NAME_COLUMN, 3));
	assert_string_equal(ppdl_encoding_name(e, PPDL_NAME_CLASS, 1), "yes");
	assert_null(ppdl_encoding_name(e, PPDL_NAME_CLASS, 2));
	assert_null(ppdl_encoding_name(e, 99, 0));
	assert_null(ppdl_encoding_name(NULL, PPDL_NAME_CLASS, 0));
	info.size = 3;
	FAILS(PPDL_E_ARGUMENT, "info->size", ppdl_encoding_describe(e, &info, err));
	FAILS(PPDL_E_ARGUMENT, "encoding is NULL", ppdl_encoding_describe(NULL, &info, err));
	ppdl_encoding_free(e);

	assert_non_null(f);
	fputs(features, f);
	fclose(f);
	OK(ppdl_encoding_load(&e, path("f.json"), err));
	ppdl_encoding_free(e);
	FAILS(PPDL_E_IO, "nosuch", ppdl_encoding_load(&none, path("nosuch.json"), err));
	FAILS(PPDL_E_ARGUMENT, "no file", ppdl_encoding_load(&none, "-", err));
	FAILS(PPDL_E_ARGUMENT, "path is NULL", ppdl_encoding_load(&none, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "out is NULL", ppdl_encoding_load(NULL, "x", err));
	FAILS(PPDL_E_FORMAT, "f.json", ppdl_encoding_read(&none, "{", 1, "f.json", err));
	FAILS(PPDL_E_FORMAT, "feature file", ppdl_encoding_read(&none, "[]", 2, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "json is NULL", ppdl_encoding_read(&none, NULL, 2, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "out is NULL", ppdl_encoding_read(NULL, "{", 1, NULL, err));
	assert_null(none);
}

static void
test_encode(void **state)
{
	static const double weight[] = {80, NAN, 120},
				code[] = {1, 2, 3};
	static const char *const ward[] = {"A", "B", "B"},
			   *const sick[] = {"yes", NULL, "no"};
	const ppdl_column column[] = {{"Sick", NULL, sick}, {"Unknown", code, NULL}, {"Code", code, NULL},
								  {"Ward", NULL, ward}, {"Weight", weight, NULL}};
	static const double expected[3][7] = {{0, 0, -1, 1, 0, 0, 1}, {0, 1, 1, 0, 1, 0, 1}, {1, 0, 1, 0, 0, 1, 1}};
	ppdl_encode_counts counts = {.size = sizeof counts};
	ppdl_encoding *e = encoding_of(features);
	double		x[3][7],
				y[3];
	uint8_t		has_label[3];

	(void) state;
	OK(ppdl_encode(e, column, 5, sizeof *column, 3, 0, x[0], y, has_label, &counts, err));
	for (int r = 0; r < 3; r++)
		for (int i = 0; i < 7; i++)
			assert_true(x[r][i] == expected[r][i]);
	assert_true(y[0] == 1 && y[1] == 0 && y[2] == -1);
	assert_true(has_label[0] == 1 && has_label[1] == 0 && has_label[2] == 1);
	assert_int_equal(counts.clamped + counts.unknown + counts.clipped, 0);
	memset(x, 0, sizeof x);
	OK(ppdl_encode(e, column + 1, 4, sizeof *column, 3, 0, x[0], NULL, NULL, NULL, err));
	assert_memory_equal(x, expected, sizeof x);
	OK(ppdl_encode(e, column, 5, sizeof *column, 0, 0, NULL, NULL, NULL, NULL, err));
	ppdl_encoding_free(e);
}

/* numbers of a program mean what the column's text would, however that writes them */
static void
test_numerals(void **state)
{
	static const char json[] = "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
							   "{\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0, \"max\": 5, \"decimal\": \",\"},"
							   "{\"column\": \"b\", \"kind\": \"numeric\", \"min\": 0, \"max\": 10, \"percent\": true}]}";
	static const double a[] = {1.25, 5},
				b[] = {2.5, 10};
	static const char *const text[] = {"1,25", "5"};
	const ppdl_column column[] = {{"a", a, NULL}, {"b", b, NULL}, {"a", NULL, text}};
	ppdl_encoding *e = encoding_of(json);
	double		x[4],
				y[4];

	(void) state;
	OK(ppdl_encode(e, column, 2, sizeof *column, 2, 0, x, NULL, NULL, NULL, err));
	assert_true(x[0] == -0.5 && x[1] == -0.5 && x[2] == 1 && x[3] == 1);
	OK(ppdl_encode(e, column + 1, 2, sizeof *column, 2, 0, y, NULL, NULL, NULL, err));
	assert_memory_equal(x, y, sizeof x);
	ppdl_encoding_free(e);
}

/* a column's name is no line of a file */
static void
test_names_with_separators(void **state)
{
	static const char json[] = "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
							   "{\"column\": \"Weight; kg\", \"kind\": \"numeric\", \"min\": 0, \"max\": 4}]}";
	static const double weight[] = {1};
	const ppdl_column column = {"Weight; kg", weight, NULL};
	ppdl_encoding *e = encoding_of(json);
	double		x;

	(void) state;
	OK(ppdl_encode(e, &column, 1, sizeof column, 1, 0, &x, NULL, NULL, NULL, err));
	assert_true(x == -0.5);
	ppdl_encoding_free(e);
}

/* one column of a table may be two features, and the label, too */
static void
test_a_column_in_several_places(void **state)
{
	static const char json[] = "{\"format\": \"ppdl-features\", \"version\": 1, \"id\": \"a\", \"features\": ["
							   "{\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0, \"max\": 1},"
							   "{\"column\": \"a\", \"kind\": \"bands\", \"cuts\": [0.5]}],"
							   "\"label\": {\"column\": \"a\", \"kind\": \"binary\", \"categories\": [\"0\", \"1\"]}}";
	static const double a[] = {0, 1};
	const ppdl_column column = {"a", a, NULL};
	ppdl_encoding_info info = {.size = sizeof info};
	ppdl_encoding *e = encoding_of(json);
	double		x[6],
				y[2];
	uint8_t		has_label[2];

	(void) state;
	OK(ppdl_encoding_describe(e, &info, err));
	assert_int_equal(info.columns, 1);
	assert_null(ppdl_encoding_name(e, PPDL_NAME_COLUMN, 1));
	OK(ppdl_encode(e, &column, 1, sizeof column, 2, 0, x, NULL, NULL, NULL, err));
	assert_true(x[0] == -1 && x[1] == 1 && x[2] == 0 && x[3] == 1 && x[4] == 0 && x[5] == 1);
	OK(ppdl_encode(e, &column, 1, sizeof column, 2, 0, x, y, has_label, NULL, err));
	assert_true(y[0] == -1 && y[1] == 1 && has_label[0] && has_label[1]);
	ppdl_encoding_free(e);
}

/* what a program has made of its decimal point changes nothing, and is not changed */
static void
test_decimal_commas(void **state)
{
	static const char json[] = "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
							   "{\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0.5, \"max\": 1.5},"
							   "{\"column\": \"b\", \"kind\": \"bands\", \"cuts\": [0.25, 0.75]}]}";
	static const char network[] = "{\"inputs\": 1, \"layers\": [{\"units\": 1, \"activation\": "
								  "{\"name\": \"tanh\", \"degree\": 3, \"interval\": [-1.5, 1.5]}}]}";
	static const char *const text[] = {"1.25", "0.5"};
	static const double number[] = {0.5, 0.125};
	const ppdl_column column[] = {{"a", NULL, text}, {"b", number, NULL}};
	ppdl_network_info info = {.size = sizeof info};
	ppdl_network *n;
	ppdl_encoding *e;
	double		x[8];
	char		digits[64];

	(void) state;
	assert_true(comma_locale_begin());
	e = encoding_of(json);
	assert_string_equal(ppdl_encoding_name(e, PPDL_NAME_INPUT, 1), "b < 0.25");
	OK(ppdl_encode(e, column, 2, sizeof *column, 2, 0, x, NULL, NULL, NULL, err));
	assert_true(x[0] == 0.5 && x[2] == 1 && x[4] == -1 && x[5] == 1);
	ppdl_encoding_free(e);
	ppdl_digits(digits, 0.123456, 0.001);
	assert_string_equal(digits, "0.12");
	OK(ppdl_network_parse(&n, network, strlen(network), err));
	OK(ppdl_network_describe(n, &info, err));
	assert_non_null(strstr(info.json, "1.5"));
	ppdl_network_free(n);
	assert_string_equal(localeconv()->decimal_point, ",");
	comma_locale_end();
}

static void
test_encode_errors(void **state)
{
	double		weight[] = {80, 130},
				code[] = {1, 2};
	const char *ward[] = {"A", "C"};
	ppdl_column column[] = {{"Code", code, NULL}, {"Ward", NULL, ward}, {"Weight", weight, NULL}, {"Weight", weight, NULL}};
	ppdl_encode_counts counts = {.size = sizeof counts};
	ppdl_encoding *e = encoding_of(features),
			   *bare = encoding_of("{\"format\": \"ppdl-features\", \"version\": 1, \"features\": "
								   "[{\"column\": \"Code\", \"kind\": \"numeric\", \"min\": 0, \"max\": 9}]}");
	double		x[14],
				y[2];
	uint8_t		has_label[2];

	(void) state;
#define ENCODE(n, rows, flags) ppdl_encode(e, column, n, sizeof *column, rows, flags, x, NULL, NULL, NULL, err)
	FAILS(PPDL_E_FORMAT, "row:2: column \"Weight\": \"130\" lies outside", ENCODE(3, 2, 0));
	FAILS(PPDL_E_FORMAT, "row:2: column \"Ward\": \"C\"", ENCODE(3, 2, PPDL_CLAMP));
	OK(ppdl_encode(e, column, 3, sizeof *column, 2, PPDL_CLAMP | PPDL_UNKNOWN_OTHER, x, NULL, NULL, &counts, err));
	assert_true(x[7] == 1 && x[9] == 0);
	assert_int_equal(counts.clamped, 1);
	assert_int_equal(counts.unknown, 1);
	FAILS(PPDL_E_FORMAT, "no column \"Weight\"", ENCODE(2, 1, 0));
	FAILS(PPDL_E_FORMAT, "no column \"Weight\"", ENCODE(0, 1, 0));
	FAILS(PPDL_E_ARGUMENT, "two columns are called \"Weight\"", ENCODE(4, 1, 0));
	FAILS(PPDL_E_ARGUMENT, "flags", ENCODE(3, 1, 4));
	weight[0] = INFINITY;
	FAILS(PPDL_E_FORMAT, "row:1: column \"Weight\"", ENCODE(3, 1, 0));
	weight[0] = 80;
	ward[0] = "A\xff";
	FAILS(PPDL_E_FORMAT, "not UTF-8", ENCODE(3, 1, 0));
	ward[0] = NULL;
	FAILS(PPDL_E_FORMAT, "row:1: column \"Ward\": empty", ENCODE(3, 1, 0));
	ward[0] = "A";
	FAILS(PPDL_E_ARGUMENT, "encoding is NULL", ppdl_encode(NULL, column, 3, sizeof *column, 1, 0, x, NULL, NULL, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "columns is NULL", ppdl_encode(e, NULL, 3, sizeof *column, 1, 0, x, NULL, NULL, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "column_size", ppdl_encode(e, column, 3, 8, 1, 0, x, NULL, NULL, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "x is NULL", ppdl_encode(e, column, 3, sizeof *column, 1, 0, NULL, NULL, NULL, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "has_label", ppdl_encode(e, column, 3, sizeof *column, 1, 0, x, y, NULL, NULL, err));
	FAILS(PPDL_E_FORMAT, "no column \"Sick\"", ppdl_encode(e, column, 3, sizeof *column, 1, 0, x, y, has_label, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "no label", ppdl_encode(bare, column, 3, sizeof *column, 1, 0, x, y, has_label, NULL, err));
	counts.size = 1;
	FAILS(PPDL_E_ARGUMENT, "counts->size", ppdl_encode(e, column, 3, sizeof *column, 1, 0, x, NULL, NULL, &counts, err));
	column[0].numbers = NULL;
	FAILS(PPDL_E_ARGUMENT, "neither numbers nor texts", ENCODE(3, 1, 0));
	column[0].numbers = code;
	column[0].texts = ward;
	FAILS(PPDL_E_ARGUMENT, "numbers and texts", ENCODE(3, 1, 0));
	column[0].name = NULL;
	FAILS(PPDL_E_ARGUMENT, "column 1 has no name", ENCODE(3, 1, 0));
	ppdl_encoding_free(e);
	ppdl_encoding_free(bare);
}

static void
test_average(void **state)
{
	/* four rows: weights 80, 120 and two missing; wards A, B, B, B; codes 1, 1, 2, 3 */
	double		x[7] = {0.25, 0.5, 0.5, 0.5, 0.25, 0.25, 1},
				v[6],
				error[6];
	ppdl_encoding *e = encoding_of(features);

	(void) state;
	OK(ppdl_decode_average(e, x, 7, 1e-6, v, error, err));
	assert_true(fabs(v[0] - 100) < 1e-9);
	assert_true(error[0] > 40e-6 && error[0] < 120e-6);
	assert_true(fabs(v[1] - 0.5) < 1e-9 && fabs(v[2] - 0.75) < 1e-9 && fabs(v[3] - 0.5) < 1e-9);
	assert_true(fabs(error[2] - 0.5e-6) < 1e-9 && fabs(error[3] - 1e-6) < 1e-9);
	/* all are missing, as far as the error lets see */
	x[0] = 1e-7;
	x[1] = 0.999999;
	OK(ppdl_decode_average(e, x, 7, 1e-6, v, NULL, err));
	assert_true(isnan(v[0]) && fabs(v[1] - 0.999999) < 1e-9);
	FAILS(PPDL_E_SCALE, "6 values", ppdl_decode_average(e, x, 6, 0, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "standard deviation", ppdl_decode_average(e, x, 7, -1, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "standard deviation", ppdl_decode_average(e, x, 7, NAN, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "encoding is NULL", ppdl_decode_average(NULL, x, 7, 0, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "x is NULL", ppdl_decode_average(e, NULL, 7, 0, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "values is NULL", ppdl_decode_average(e, x, 7, 0, NULL, error, err));
	x[3] = INFINITY;
	FAILS(PPDL_E_RANGE, "value 4", ppdl_decode_average(e, x, 7, 0, v, error, err));
	ppdl_encoding_free(e);
}

/* the four rows of test_average, and three more without missing weights */
static void
test_sum(void **state)
{
	double		x[7] = {1, 2, 2, 2, 1, 1, 4},
				v[6],
				error[6];
	ppdl_encoding *e = encoding_of(features);

	(void) state;
	OK(ppdl_decode_sum(e, x, 7, 1e-6, 4, v, error, err));
	/* 80 + 120 kg; two are missing; three in ward B; two, one and one of the codes */
	assert_true(fabs(v[0] - 200) < 1e-9 && fabs(v[1] - 2) < 1e-9 && fabs(v[2] - 3) < 1e-9 && fabs(v[3] - 2) < 1e-9);
	assert_true(error[0] > 40e-6 && error[0] < 120e-6 && fabs(error[3] - 1e-6) < 1e-9);
	assert_string_equal(ppdl_encoding_name(e, PPDL_NAME_SUM, 0), "Weight");
	assert_string_equal(ppdl_encoding_name(e, PPDL_NAME_SUM, 1), "Weight missing");
	assert_null(ppdl_encoding_name(e, PPDL_NAME_SUM, 6));
	OK(ppdl_decode_sum(e, x, 7, 1e-6, 4, v, NULL, err));
	FAILS(PPDL_E_FORMAT, "not a sum of so many rows", ppdl_decode_sum(e, x, 7, 1e-6, 3, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "how many rows", ppdl_decode_sum(e, x, 7, 0, -1, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "how many rows", ppdl_decode_sum(e, x, 7, 0, NAN, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "how many rows", ppdl_decode_sum(e, x, 7, 0, INFINITY, v, error, err));
	FAILS(PPDL_E_SCALE, "6 values", ppdl_decode_sum(e, x, 6, 0, 4, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "standard deviation", ppdl_decode_sum(e, x, 7, -1, 4, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "encoding is NULL", ppdl_decode_sum(NULL, x, 7, 0, 4, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "x is NULL", ppdl_decode_sum(e, NULL, 7, 0, 4, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "values is NULL", ppdl_decode_sum(e, x, 7, 0, 4, NULL, error, err));
	ppdl_encoding_free(e);
}

static void
test_difference(void **state)
{
	/* a quarter of the rows more in ward B, a quarter less of the first code */
	double		x[7] = {0.25, 0, 0.5, -0.25, 0.25, 0, 0},
				v[6],
				error[6];
	ppdl_encoding *e = encoding_of(features);

	(void) state;
	OK(ppdl_decode_difference(e, x, 7, 1e-6, v, error, err));
	/* weights may be missing: a difference of their means does not follow */
	assert_true(isnan(v[0]) && fabs(v[1]) < 1e-9 && fabs(v[2] - 0.25) < 1e-9 && fabs(v[3] + 0.25) < 1e-9);
	assert_true(fabs(error[2] - 0.5e-6) < 1e-9 && fabs(error[3] - 1e-6) < 1e-9);
	assert_string_equal(ppdl_encoding_name(e, PPDL_NAME_DIFFERENCE, 2), "Ward = B");
	FAILS(PPDL_E_FORMAT, "not a difference", (x[6] = 1, ppdl_decode_difference(e, x, 7, 1e-6, v, error, err)));
	FAILS(PPDL_E_SCALE, "6 values", ppdl_decode_difference(e, x, 6, 0, v, error, err));
	FAILS(PPDL_E_ARGUMENT, "encoding is NULL", ppdl_decode_difference(NULL, x, 7, 0, v, error, err));
	ppdl_encoding_free(e);
}

static void
test_labels(void **state)
{
	ppdl_encoding *two = encoding_of(features),
			   *three = encoding_of(three_classes),
			   *number = encoding_of(number_label);
	const double scores[3] = {-0.5, 0.25, 0.125};
	double		y = -0.25,
				lead,
				value;
	int32_t		best;

	(void) state;
	OK(ppdl_decode_class(two, &y, 1, 0.06, &best, &lead, err));
	assert_true(best == 0 && lead == 0.25);
	/* within 4 standard deviations of the middle there is no telling; exactly there neither */
	OK(ppdl_decode_class(two, &y, 1, 0.0625, &best, &lead, err));
	assert_true(best == -1 && lead == 0.25);
	y = 0;
	OK(ppdl_decode_class(two, &y, 1, 0, &best, &lead, err));
	assert_true(best == -1 && lead == 0);
	y = 0.5;
	OK(ppdl_decode_class(two, &y, 1, 0, &best, NULL, err));
	assert_int_equal(best, 1);
	OK(ppdl_decode_class(three, scores, 3, 0.022, &best, &lead, err));
	assert_true(best == 1 && lead == 0.125);
	OK(ppdl_decode_class(three, scores, 3, 0.0222, &best, &lead, err));
	assert_true(best == -1 && lead == 0.125);
	FAILS(PPDL_E_ARGUMENT, "standard deviation", ppdl_decode_class(three, scores, 3, NAN, &best, NULL, err));
	OK(ppdl_decode_label(number, 0.5, &value, err));
	assert_true(value == 25);
	FAILS(PPDL_E_SCALE, "2 values", ppdl_decode_class(three, scores, 2, 0, &best, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "is a number", ppdl_decode_class(number, scores, 1, 0, &best, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "is a class", ppdl_decode_label(two, 0, &value, err));
	FAILS(PPDL_E_ARGUMENT, "encoding is NULL", ppdl_decode_class(NULL, scores, 1, 0, &best, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "y is NULL", ppdl_decode_class(three, NULL, 3, 0, &best, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "number is NULL", ppdl_decode_class(three, scores, 3, 0, NULL, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "value is NULL", ppdl_decode_label(number, 0, NULL, err));
	FAILS(PPDL_E_RANGE, "not finite", ppdl_decode_label(number, NAN, &value, err));
	ppdl_encoding_free(two);
	ppdl_encoding_free(three);
	ppdl_encoding_free(number);
}

/* ------------------------------------------------------------------ statistics */

/* one row, as base64 text: Weight 80, Ward B */
static char *
one_row(const ppdl_encoding *encoding)
{
	const double weight[] = {80};
	const char *const ward[] = {"B"};
	const char *const code[] = {"2"};
	const ppdl_column columns[] = {{"Weight", weight, NULL}, {"Ward", NULL, ward}, {"Code", NULL, code}};
	ppdl_encoding_info shape = {.size = sizeof shape};
	ppdl_encryptor_options options = {.size = sizeof options};
	ppdl_encryptor_info info = {.size = sizeof info};
	ppdl_encryptor *encryptor;
	double		x[16];
	uint8_t    *cell;
	char	   *text;

	OK(ppdl_encoding_describe(encoding, &shape, err));
	OK(ppdl_encode(encoding, columns, 3, sizeof *columns, 1, 0, x, NULL, NULL, NULL, err));
	options.inputs = shape.inputs;
	OK(ppdl_encryptor_new(&encryptor, key, &options, err));
	OK(ppdl_encryptor_describe(encryptor, &info, err));
	cell = malloc(info.cell_bytes[0]);
	text = malloc(PPDL_BASE64_SIZE(info.cell_bytes[0]));
	OK(ppdl_encrypt(encryptor, x, NULL, 1, cell, NULL, err));
	ppdl_base64(cell, info.cell_bytes[0], text);
	ppdl_encryptor_free(encryptor);
	free(cell);
	return text;
}

static void
test_stats(void **state)
{
	const char *const by[] = {"ward \"x\"", NULL};
	const char *const of[] = {"Weight", NULL};
	const ppdl_stats_source source = {.size = sizeof source, .schema = "public", .table = "clinic.patients",
									  .features = "features", .where = "id > 7 -- all", .group_by = by};
	const ppdl_stats_options options = {.size = sizeof options, .means = 1, .columns = of, .min_count = 2};
	ppdl_encoding *encoding = encoding_of(features);
	char	   *text = one_row(encoding);
	const char *const some[] = {"A", "2", text},
			   *const few[] = {"C", "1", "nothing that anybody decrypts"},
			   *const bad[] = {NULL, "2", "bad"};
	const char *json;
	ppdl_stats *stats;
	double		mean;
	int32_t		more;

	(void) state;
	OK(ppdl_stats_new(&stats, encoding, &source, &options, err));
	assert_string_equal(ppdl_stats_statement(stats), "SELECT \"ward \"\"x\"\"\", count(*), public.sum(\"features\") "
						"FROM clinic.patients WHERE \"features\" IS NOT NULL AND (id > 7 -- all\n) "
						"GROUP BY 1 ORDER BY 1");
	FAILS(PPDL_E_ARGUMENT, "count is 2", ppdl_stats_add(stats, key, some, 2, 0, err));
	FAILS(PPDL_E_ARGUMENT, "flags", ppdl_stats_add(stats, key, some, 3, 2, err));
	FAILS(PPDL_E_ARGUMENT, "key is NULL", ppdl_stats_add(stats, NULL, some, 3, 0, err));
	FAILS(PPDL_E_ARGUMENT, "stats is NULL", ppdl_stats_add(NULL, key, some, 3, 0, err));
	OK(ppdl_stats_add(stats, key, few, 3, 0, err));
	assert_true(ppdl_stats_add(stats, key, bad, 3, 0, err) > 0);
	assert_int_equal(ppdl_stats_add(stats, key, bad, 3, 0, NULL), ppdl_err_code(err));
	OK(ppdl_stats_add(stats, key, some, 3, 0, err));
	OK(ppdl_stats_more(stats, &more, err));
	assert_int_equal(more, 0);
	FAILS(PPDL_E_ARGUMENT, "more is NULL", ppdl_stats_more(stats, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "stats is NULL", ppdl_stats_more(NULL, &more, err));
	FAILS(PPDL_E_ARGUMENT, "why is NULL", ppdl_stats_no_more(stats, NULL, err));
	OK(ppdl_stats_no_more(stats, "there are no keys", err));
	OK(ppdl_stats_result(stats, &json, err));
	assert_non_null(strstr(json, "\"ward \\\"x\\\"\": \"A\""));
	assert_null(strstr(strstr(json, "\"group\": ") + 1, "\"group\": "));
	assert_non_null(strstr(json, "\"withheld_groups\": 1"));
	/* of two rows, as the count says, that come to 80 - 80 is 0 in the encoding: the middle of the range */
	assert_non_null(strstr(json, "\"mean\": {"));
	mean = strtod(strstr(strstr(json, "\"mean\": {"), "\"value\": ") + 9, NULL);
	assert_true(fabs(mean - 80) < 1e-3);
	OK(ppdl_stats_result(stats, &json, err));
	assert_non_null(strstr(json, "\"column\": \"Weight\""));
	FAILS(PPDL_E_ARGUMENT, "json is NULL", ppdl_stats_result(stats, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "stats is NULL", ppdl_stats_result(NULL, &json, err));
	ppdl_stats_free(stats);
	ppdl_stats_free(NULL);
	assert_null(ppdl_stats_statement(NULL));
	free(text);
	ppdl_encoding_free(encoding);
}

/* what is asked for beside sums, and sums that come without it; test_receipts.py has a server's */
static void
test_stats_verify(void **state)
{
	const char *const bind[] = {"Ward", NULL},
			   *const ward[] = {"ward", NULL},
			   *const bed[] = {"bed", NULL},
			   *const manifests[] = {path("stats.m"), NULL},
			   *const ids[] = {"1"},
			   *const by[] = {"ward", NULL};
	const ppdl_stats_source source = {.size = sizeof source, .schema = "public", .table = "t", .features = "f",
									  .group_by = by};
	const ppdl_stats_options options = {.size = sizeof options, .means = 1, .min_count = 1};
	const ppdl_verifier_options what = {.size = sizeof what, .table = "t", .bind = bind};
	const ppdl_verifier_options all = {.size = sizeof all, .manifests = manifests, .all_rows = 1};
	const ppdl_receipts_options with = {.size = sizeof with, .table = "t", .manifest = manifests[0]};
	ppdl_verifier_options bad = what;
	ppdl_encryptor_options shape = {.size = sizeof shape, .inputs = 1};
	ppdl_encryptor_info info = {.size = sizeof info};
	ppdl_encoding *encoding = encoding_of(features);
	char	   *text = one_row(encoding);
	const char *const row[] = {"A", "1", text, NULL},
			   *const lie[] = {"A", "1", text, "verified: 1 row"};
	const char *json;
	uint8_t    *cell;
	ppdl_encryptor *encryptor;
	ppdl_receipts *receipts;
	ppdl_stats *stats;

	(void) state;
	OK(ppdl_stats_new(&stats, encoding, &source, &options, err));
	FAILS(PPDL_E_ARGUMENT, "stats is NULL", ppdl_stats_verify(NULL, key, &what, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "key is NULL", ppdl_stats_verify(stats, NULL, &what, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "options is NULL", ppdl_stats_verify(stats, key, NULL, NULL, err));
	bad.column = "label";
	FAILS(PPDL_E_ARGUMENT, "both are checked", ppdl_stats_verify(stats, key, &bad, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "0 columns are given", ppdl_stats_verify(stats, key, &what, bind + 1, err));
	FAILS(PPDL_E_ARGUMENT, "\"bed\" is not called \"Ward\"", ppdl_stats_verify(stats, key, &what, bed, err));
	assert_null(strstr(ppdl_stats_statement(stats), "lwe_receipt"));
	OK(ppdl_stats_verify(stats, key, &what, ward, err));
	assert_string_equal(ppdl_stats_statement(stats), "SELECT \"ward\", count(*), public.sum(\"f\"), "
						"public.lwe_receipt(\"f\", \"ward\"::pg_catalog.text) FROM t WHERE \"f\" IS NOT NULL "
						"GROUP BY 1 ORDER BY 1");
	FAILS(PPDL_E_ARGUMENT, "already", ppdl_stats_verify(stats, key, &what, ward, err));
	FAILS(PPDL_E_ARGUMENT, "count is 3", ppdl_stats_add(stats, key, row, 3, 0, err));
	OK(ppdl_stats_result(stats, &json, err));
	FAILS(PPDL_E_ARGUMENT, "without a receipt", ppdl_stats_add(stats, key, row, 4, 0, err));
	FAILS(PPDL_E_KEY, "was refused", ppdl_stats_result(stats, &json, err));
	FAILS(PPDL_E_KEY, "verified: ", ppdl_stats_add(stats, key, lie, 4, 0, err));
	ppdl_stats_free(stats);

	/* a manifest of a row that does not come */
	OK(ppdl_encryptor_new(&encryptor, key, &shape, err));
	OK(ppdl_encryptor_describe(encryptor, &info, err));
	OK(ppdl_receipts_new(&receipts, encryptor, &with, err));
	cell = malloc(2 * info.cell_bytes[0] + ppdl_receipts_bytes(receipts));
	OK(ppdl_encrypt(encryptor, (const double[]) {0.5}, NULL, 1, cell, NULL, err));
	OK(ppdl_receipts_tag(receipts, ids, NULL, 1, cell, NULL, NULL, cell + info.cell_bytes[0], NULL, err));
	OK(ppdl_receipts_save(receipts, err));
	ppdl_receipts_free(receipts);
	ppdl_encryptor_free(encryptor);
	free(cell);
	OK(ppdl_stats_new(&stats, encoding, &source, &options, err));
	bad = (ppdl_verifier_options) {.size = sizeof bad, .manifests = manifests, .table = "t"};
	FAILS(PPDL_E_ARGUMENT, "say what options->table says", ppdl_stats_verify(stats, key, &bad, NULL, err));
	OK(ppdl_stats_verify(stats, key, &all, NULL, err));
	FAILS(PPDL_E_KEY, "1 rows of the manifest are in no group", ppdl_stats_result(stats, &json, err));
	ppdl_stats_free(stats);

	/* too late */
	OK(ppdl_stats_new(&stats, encoding, &source, &options, err));
	OK(ppdl_stats_add(stats, key, row, 3, 0, err));
	FAILS(PPDL_E_ARGUMENT, "rows have come", ppdl_stats_verify(stats, key, &what, ward, err));
	OK(ppdl_stats_result(stats, &json, err));
	ppdl_stats_free(stats);
	free(text);
	ppdl_encoding_free(encoding);
}

/* a sum where second moments are expected: as wide, but of one row */
static void
test_stats_shape(void **state)
{
	const ppdl_stats_source source = {.size = sizeof source, .schema = "public", .table = "t", .features = "f"};
	const ppdl_stats_options options = {.size = sizeof options, .describe = 1, .min_count = 1};
	ppdl_encoding *encoding = encoding_of(features);
	char	   *text = one_row(encoding);
	const char *const fields[] = {"1", text, text};
	ppdl_stats *stats;

	(void) state;
	OK(ppdl_stats_new(&stats, encoding, &source, &options, err));
	assert_non_null(strstr(ppdl_stats_statement(stats), "lwe_gram"));
	FAILS(PPDL_E_FORMAT, "second moments: 1 rows", ppdl_stats_add(stats, key, fields, 3, 0, err));
	ppdl_stats_free(stats);
	free(text);
	ppdl_encoding_free(encoding);
}

static void
test_stats_errors(void **state)
{
	static const char *const none[] = {"Height", NULL};
	static const char *const three[] = {"Ward", "Code", "Ward", NULL};
	const ppdl_stats_source source = {.size = sizeof source, .schema = "public", .table = "t", .features = "f"};
	const ppdl_stats_options plain = {.size = sizeof plain};
	ppdl_stats_source from = source;
	ppdl_stats_options o;
	ppdl_encoding *encoding = encoding_of(features);
	ppdl_stats *stats;
	char		found[100];

	(void) state;
#define REFUSED(part, member, value) \
	do { \
		o = plain; \
		o.member = value; \
		FAILS(PPDL_E_ARGUMENT, part, ppdl_stats_new(&stats, encoding, &source, &o, err)); \
		assert_null(stats); \
	} while (0)
	REFUSED("options->describe is 2", describe, 2);
	REFUSED("options->all is -1", all, -1);
	REFUSED("reserved", reserved, 1);
	REFUSED("ridge", ridge, -1);
	REFUSED("ridge", ridge, NAN);
	REFUSED("regress is empty", ridge, 1);
	REFUSED("level", level, 1);
	REFUSED("min_count", min_count, 2000000000);
	REFUSED("Height", columns, none);
	REFUSED("Height", regress, none);
	REFUSED("regress is empty", on, none);
	REFUSED("has 3 columns", crosstab, three);
	REFUSED("Height", histogram, none);
	REFUSED("size", size, 8);
	o = (ppdl_stats_options) {.size = sizeof o, .means = 1, .describe = 1};
	FAILS(PPDL_E_ARGUMENT, "exclude", ppdl_stats_new(&stats, encoding, &source, &o, err));
	from.table = NULL;
	FAILS(PPDL_E_ARGUMENT, "source->table is NULL", ppdl_stats_new(&stats, encoding, &from, &plain, err));
	FAILS(PPDL_E_ARGUMENT, "encoding is NULL", ppdl_stats_new(&stats, NULL, &source, &plain, err));
	FAILS(PPDL_E_ARGUMENT, "source is NULL", ppdl_stats_new(&stats, encoding, NULL, &plain, err));
	FAILS(PPDL_E_ARGUMENT, "options is NULL", ppdl_stats_new(&stats, encoding, &source, NULL, err));
	ppdl_encoding_free(encoding);
	encoding = encoding_of("{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
						   "{\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0, \"max\": 1}]}");
	from = source;
	from.label = "label";
	FAILS(PPDL_E_ARGUMENT, "no label", ppdl_stats_new(&stats, encoding, &from, &plain, err));
	ppdl_encoding_free(encoding);
	FAILS(PPDL_E_ARGUMENT, "00000000001f", ppdl_encoding_find(found, sizeof found, 31, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "path is NULL", ppdl_encoding_find(NULL, 0, 31, NULL, err));
#undef REFUSED
}

static void
test_questions(void **state)
{
	ppdl_encoding *encoding = encoding_of(features);
	ppdl_question *q;
	ppdl_answer a = {.size = sizeof a};
	const char *sql;
	char	   *text = one_row(encoding),
			   *field;
	size_t		len;
	double		rows;

	(void) state;
	OK(ppdl_question_new(&q, NULL, NULL, "SELECT '{1}'::int[]", err));
	assert_string_equal(ppdl_question_statement(q), "SELECT '{1}'::int[]");
	assert_int_equal(ppdl_question_count(q), 0);
	assert_string_equal(ppdl_question_notes(q), "");
	OK(ppdl_question_answer(q, key, "x", 1, 0, 0, &a, err));
	assert_int_equal(a.kind, PPDL_QUESTION_OTHER);
	ppdl_question_free(q);

	OK(ppdl_question_new(&q, encoding, "clinic", "SELECT {count where Ward = 'B'}, 1 FROM t", err));
	sql = ppdl_question_statement(q);
	assert_non_null(strstr(sql, "clinic.sum_where(features, '"));
	assert_non_null(strstr(sql, " AS count, 1 FROM t"));
	assert_int_equal(ppdl_question_count(q), 1);
	/* what the server had no rows for; then a value that is no answer: of another width */
	len = strcspn(strchr(sql, '\'') + 1, "'");
	field = malloc(len + strlen(text) + 3);
	sprintf(field, "\"%.*s\"", (int) len, strchr(sql, '\'') + 1);
	OK(ppdl_question_answer(q, key, field, strlen(field), 0, 0, &a, err));
	assert_int_equal(a.kind, PPDL_QUESTION_NUMBER);
	assert_true(a.value == 0 && a.error == 0);
	FAILS(PPDL_E_ARGUMENT, "a part of another value",
		  ppdl_question_answer(q, key, field + 1, strlen(field) - 1, 0, 0, &a, err));
	sprintf(field, "\"%.*s%s\"", (int) len, strchr(sql, '\'') + 1, text);
	FAILS(PPDL_E_FORMAT, "values", ppdl_question_answer(q, key, field, strlen(field), 1, 0, &a, err));
	FAILS(PPDL_E_ARGUMENT, "flags", ppdl_question_answer(q, key, field, strlen(field), 1, 8, &a, err));
	FAILS(PPDL_E_ARGUMENT, "min_count", ppdl_question_answer(q, key, field, strlen(field), UINT64_MAX, 0, &a, err));
	FAILS(PPDL_E_ARGUMENT, "key is NULL", ppdl_question_answer(q, NULL, field, strlen(field), 1, 0, &a, err));
	FAILS(PPDL_E_ARGUMENT, "text is NULL", ppdl_question_answer(q, key, NULL, 0, 1, 0, &a, err));
	ppdl_question_free(q);
	free(field);

	FAILS(PPDL_E_ARGUMENT, "none was given", ppdl_question_new(&q, NULL, NULL, "SELECT {count where a > 1} FROM t", err));
	FAILS(PPDL_E_ARGUMENT, "Height", ppdl_question_new(&q, encoding, NULL, "SELECT {count where Height > 1}", err));
	assert_non_null(strstr(ppdl_err_detail(handle), "column 21"));
	FAILS(PPDL_E_ARGUMENT, "sql is NULL", ppdl_question_new(&q, encoding, NULL, NULL, err));
	assert_null(q);
	assert_null(ppdl_question_statement(NULL));
	ppdl_question_free(NULL);

	/* a row of a table is no total */
	OK(ppdl_value_group_size(text, strlen(text), 0, &rows, err));
	assert_true(isinf(rows));
	FAILS(PPDL_E_FORMAT, "no encrypted value", ppdl_value_group_size("x", 1, 0, &rows, err));
	FAILS(PPDL_E_ARGUMENT, "rows is NULL", ppdl_value_group_size(text, strlen(text), 0, NULL, err));
	free(text);
	ppdl_encoding_free(encoding);
}

/* ------------------------------------------------------------------ networks */

static void
test_network(void **state)
{
	static const char json[] = "{\"inputs\":2,\"layers\":[{\"units\":2,\"activation\":\"square\"},{\"units\":1}]}";
	/* z = (x0, x0 + x1 + 1); y = z0^2 - z1^2 + 0.5 */
	static const double w[] = {1, 0, 1, 1, 0, 1, 1, -1, 0.5};
	double		x[4] = {0.5, 0.25, -1, 0},
				y[2],
				z[2] = {3, -2};
	ppdl_network_info info = {.size = sizeof info};
	ppdl_network *n;
	ppdl_network *again;

	(void) state;
	OK(ppdl_network_parse(&n, json, strlen(json), err));
	OK(ppdl_network_describe(n, &info, err));
	assert_true(info.inputs == 2 && info.outputs == 1 && info.layers == 2 && info.weights == 9 && info.trained == 0);
	assert_true(info.levels >= 1 && info.row_levels > info.levels);
	OK(ppdl_network_parse(&again, info.json, strlen(info.json), err));
	ppdl_network_free(again);
	FAILS(PPDL_E_ARGUMENT, "", ppdl_network_predict(n, x, 2, y, err));
	FAILS(PPDL_E_ARGUMENT, "8 weights", ppdl_network_set_weights(n, w, 8, err));
	FAILS(PPDL_E_ARGUMENT, "weights is NULL", ppdl_network_set_weights(n, NULL, 9, err));
	FAILS(PPDL_E_ARGUMENT, "network is NULL", ppdl_network_set_weights(NULL, w, 9, err));
	OK(ppdl_network_set_weights(n, w, 9, err));
	OK(ppdl_network_describe(n, &info, err));
	assert_int_equal(info.trained, 1);
	OK(ppdl_network_predict(n, x, 2, y, err));
	assert_true(fabs(y[0] - (0.25 - 1.75 * 1.75 + 0.5)) < 1e-12 && fabs(y[1] - 1.5) < 1e-12);
	OK(ppdl_network_predict(n, NULL, 0, NULL, err));
	OK(ppdl_network_activate(n, 0, z, 2, z, err));
	assert_true(z[0] == 9 && z[1] == 4);
	OK(ppdl_network_activate(n, 1, NULL, 0, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "layer 2", ppdl_network_activate(n, 2, z, 2, z, err));
	FAILS(PPDL_E_ARGUMENT, "layer -1", ppdl_network_activate(n, -1, z, 2, z, err));
	FAILS(PPDL_E_ARGUMENT, "network is NULL", ppdl_network_activate(NULL, 0, z, 2, z, err));
	FAILS(PPDL_E_ARGUMENT, "z is NULL", ppdl_network_activate(n, 0, NULL, 2, z, err));
	FAILS(PPDL_E_ARGUMENT, "out is NULL", ppdl_network_activate(n, 0, z, 2, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "x is NULL", ppdl_network_predict(n, NULL, 2, y, err));
	FAILS(PPDL_E_ARGUMENT, "y is NULL", ppdl_network_predict(n, x, 2, NULL, err));
	FAILS(PPDL_E_ARGUMENT, "network is NULL", ppdl_network_predict(NULL, x, 2, y, err));
	x[3] = NAN;
	FAILS(PPDL_E_RANGE, "row 2, value 2", ppdl_network_predict(n, x, 2, y, err));
	info.size = 0;
	FAILS(PPDL_E_ARGUMENT, "info->size", ppdl_network_describe(n, &info, err));
	FAILS(PPDL_E_ARGUMENT, "network is NULL", ppdl_network_describe(NULL, &info, err));
	ppdl_network_free(n);

	FAILS(PPDL_E_FORMAT, "", ppdl_network_parse(&n, "{", 1, err));
	FAILS(PPDL_E_FORMAT, "zero byte", ppdl_network_parse(&n, "{\0}", 3, err));
	assert_int_not_equal(ppdl_network_parse(&n, "{\"inputs\": 0, \"layers\": []}", 27, err), 0);
	assert_null(n);
	FAILS(PPDL_E_ARGUMENT, "json is NULL", ppdl_network_parse(&n, NULL, 3, err));
	FAILS(PPDL_E_ARGUMENT, "out is NULL", ppdl_network_parse(NULL, "{}", 2, err));
}

/* ------------------------------------------------------------------ threads */

/* a key, its encryptor and an error of its own */
static void *
one_owner(void *arg)
{
	const ppdl_encryptor_options options = {.size = sizeof options, .inputs = 4};
	ppdl_encryptor_info cells = {.size = sizeof cells};
	ppdl_plain_info info = {.size = sizeof info};
	ppdl_err   *mine = ppdl_err_new();
	const double x[4] = {0.5, -0.5, 0.25, 1};
	ppdl_encryptor *encryptor;
	ppdl_plain *plain;
	ppdl_key   *k;
	uint8_t    *cell;
	int			good;

	(void) arg;
	if (ppdl_key_generate(&k, "one", mine) || ppdl_encryptor_new(&encryptor, k, &options, mine) ||
		ppdl_encryptor_describe(encryptor, &cells, mine))
		return NULL;
	cell = malloc(cells.cell_bytes[0]);
	if (ppdl_encrypt(encryptor, x, NULL, 1, cell, NULL, mine) || ppdl_decrypt(&plain, k, cell, cells.cell_bytes[0], 0, mine) ||
		ppdl_plain_describe(plain, &info, mine))
		return NULL;
	good = fabs(info.values[3] - 1) < 1e-5;
	ppdl_plain_free(plain);
	ppdl_encryptor_free(encryptor);
	ppdl_key_free(k);
	ppdl_err_free(mine);
	free(cell);
	return good ? arg : NULL;
}

static void
test_threads(void **state)
{
	pthread_t	thread[3];
	void	   *result;
	int			here;

	(void) state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, one_owner, &here), 0);
	for (int i = 0; i < 3; i++)
	{
		pthread_join(thread[i], &result);
		assert_ptr_equal(result, &here);
	}
}

int
main(void)
{
	/* with files, whose passphrases take scrypt a minute under valgrind */
	const struct CMUnitTest files[] = {
		cmocka_unit_test(test_new_key),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_receipts),
		cmocka_unit_test(test_rsa_key),
		cmocka_unit_test(test_decrypt_under_other_keys),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_encryptor),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_encrypt_errors),
		cmocka_unit_test(test_decrypt_errors),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_numerals),
		cmocka_unit_test(test_names_with_separators),
		cmocka_unit_test(test_a_column_in_several_places),
		cmocka_unit_test(test_decimal_commas),
		cmocka_unit_test(test_encode_errors),
		cmocka_unit_test(test_average),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_difference),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_stats_verify),
		cmocka_unit_test(test_stats_shape),
		cmocka_unit_test(test_stats_errors),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_threads),
	};

	const int	failed = getenv("PPDL_TEST_FILES") && strcmp(getenv("PPDL_TEST_FILES"), "no") == 0 ? 0 :
		cmocka_run_group_tests(files, setup, teardown);

	return failed + cmocka_run_group_tests(tests, setup, teardown);
}

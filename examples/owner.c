/*
 * An owner in C: makes a key, turns rows into what COPY takes, reads what the server answers.
 *
 *	cc -o owner owner.c $(pkg-config --cflags --libs ppdl)
 *
 *	export PPDL_PASSPHRASE='correct horse battery staple'
 *	./owner keygen hospital.key
 *	./owner encrypt hospital.key features.json | psql -c '\copy patients FROM pstdin'
 *	psql -At -c 'SELECT avg(features) FROM patients' | ./owner average hospital.key features.json
 *	psql -At -c 'SELECT sum(features) FROM patients' | ./owner sum hospital.key features.json
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ppdl.h>

/* a table of the program's: by column, as data frames have it */
#define ROWS 3
static const char *const id[ROWS] = {"1", "2", "3"};
static const double weight[ROWS] = {61, 74.5, NAN};	/* missing: NaN */
static const char *const ward[ROWS] = {"A", "B", "A"};

/* says what is wrong, and ends */
static void
die(const ppdl_err *err)
{
	fprintf(stderr, "owner: %s\n", ppdl_err_message(err));
	if (ppdl_err_detail(err)[0])
		fprintf(stderr, "%s\n", ppdl_err_detail(err));
	if (ppdl_err_hint(err)[0])
		fprintf(stderr, "%s\n", ppdl_err_hint(err));
	exit(1);
}

static int64_t
passphrase(void *arg, const char *name, char *buf, size_t capacity)
{
	const char *value = getenv("PPDL_PASSPHRASE");

	(void) arg;
	(void) name;
	if (value == NULL || strlen(value) > capacity)
		return -1;
	memcpy(buf, value, strlen(value));
	return (int64_t) strlen(value);
}

static void *
room(size_t n, size_t size)
{
	void	   *p = calloc(n, size);

	if (p == NULL)
	{
		fprintf(stderr, "owner: out of memory\n");
		exit(1);
	}
	return p;
}

static void
keygen(const char *path, ppdl_err *err)
{
	const char *value = getenv("PPDL_PASSPHRASE");
	ppdl_key   *key;

	if (value == NULL)
		value = "";
	if (ppdl_key_generate(&key, "hospital", err) || ppdl_key_save(key, path, value, strlen(value), 0, err))
		die(err);
	printf("%s %s\n", ppdl_key_name(key), ppdl_key_fingerprint(key));
	ppdl_key_free(key);
}

/* rows of the table as COPY text: id, features */
static void
encrypt(ppdl_key *key, const ppdl_encoding *encoding, ppdl_err *err)
{
	const ppdl_column columns[] = {{.name = "Weight", .numbers = weight}, {.name = "Ward", .texts = ward}};
	ppdl_encoding_info shape = {.size = sizeof shape};
	ppdl_encryptor_info cells = {.size = sizeof cells};
	ppdl_encryptor_options options = {.size = sizeof options};
	ppdl_encryptor *encryptor;
	double	   *x;
	uint8_t    *features;
	char	   *text;

	if (ppdl_encoding_describe(encoding, &shape, err))
		die(err);
	options.inputs = shape.inputs;
	options.encoding = shape.id;
	x = room(ROWS * (size_t) shape.inputs, sizeof *x);
	if (ppdl_encode(encoding, columns, 2, sizeof *columns, ROWS, 0, x, NULL, NULL, NULL, err) ||
		ppdl_encryptor_new(&encryptor, key, &options, err) || ppdl_encryptor_describe(encryptor, &cells, err))
		die(err);
	features = room(ROWS, cells.cell_bytes[0]);
	text = room(PPDL_BASE64_SIZE(cells.cell_bytes[0]), 1);
	if (ppdl_encrypt(encryptor, x, NULL, ROWS, features, NULL, err))
		die(err);
	for (size_t r = 0; r < ROWS; r++)
	{
		ppdl_base64(features + r * cells.cell_bytes[0], cells.cell_bytes[0], text);
		printf("%s\t%s\n", id[r], text);
	}
	ppdl_encryptor_free(encryptor);
	free(text);
	free(features);
	free(x);
}

/* the line on standard input, an average of rows or a sum, in the table's own units */
static void
answer(ppdl_key *key, const ppdl_encoding *encoding, int sum, ppdl_err *err)
{
	ppdl_encoding_info shape = {.size = sizeof shape};
	ppdl_value_info what = {.size = sizeof what};
	ppdl_plain_info numbers = {.size = sizeof numbers};
	ppdl_plain *plain;
	char	   *line = NULL;
	size_t		capacity = 0,
				n;
	ssize_t		len = getline(&line, &capacity, stdin);
	double	   *value,
			   *error;

	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (ppdl_value_describe(line, len > 0 ? (size_t) len : 0, &what, err) ||
		ppdl_decrypt(&plain, key, line, (size_t) len, 0, err) || ppdl_plain_describe(plain, &numbers, err))
		die(err);
	if (ppdl_encoding_describe(encoding, &shape, err))
		die(err);
	n = (size_t) shape.averages;
	value = room(n, sizeof *value);
	error = room(n, sizeof *error);
	/* a sum that nothing has scaled is bounded by the number of its rows */
	if (sum ? ppdl_decode_sum(encoding, numbers.values, numbers.width, numbers.error, what.bound, value, error, err) :
		ppdl_decode_average(encoding, numbers.values, numbers.width, numbers.error, value, error, err))
		die(err);
	for (size_t i = 0; i < n; i++)
	{
		char		digits[64];

		ppdl_digits(digits, value[i], error[i]);
		printf("%s: %s\n", ppdl_encoding_name(encoding, sum ? PPDL_NAME_SUM : PPDL_NAME_AVERAGE, (int32_t) i), digits);
	}
	ppdl_plain_free(plain);
	free(error);
	free(value);
	free(line);
}

int
main(int argc, char **argv)
{
	ppdl_err   *err = ppdl_err_new();
	ppdl_encoding *encoding;
	ppdl_key   *key;

	if (argc == 3 && strcmp(argv[1], "keygen") == 0)
		keygen(argv[2], err);
	else if (argc == 4 && (strcmp(argv[1], "encrypt") == 0 || strcmp(argv[1], "average") == 0 ||
						   strcmp(argv[1], "sum") == 0))
	{
		if (ppdl_key_load_ask(&key, argv[2], passphrase, NULL, err) || ppdl_encoding_load(&encoding, argv[3], err))
			die(err);
		if (strcmp(argv[1], "encrypt") == 0)
			encrypt(key, encoding, err);
		else
			answer(key, encoding, strcmp(argv[1], "sum") == 0, err);
		ppdl_encoding_free(encoding);
		ppdl_key_free(key);
	}
	else
	{
		fprintf(stderr, "Usage: owner keygen KEY | encrypt KEY FEATURES | average|sum KEY FEATURES\n");
		return 2;
	}
	ppdl_err_free(err);
	return 0;
}

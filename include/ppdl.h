/*
 * libppdl: the owner's side of ppdl, for programs.  Keys, encryption of rows, decryption of what a server answers,
 * receipts, feature files, statistics, conditions, networks in the clear.  Nothing here talks to a server: rows go to
 * it, and answers come from it, by whatever the program uses.  doc/library.md has an introduction and an example.
 *
 * Errors.  Functions that can fail return 0, or a PPDL_E_ code that is more than 0, and describe the failure in *err:
 * what is wrong, more about it, what to do.  err may be NULL.  After an error the handles that were given are as they
 * were, those that were to be made are NULL, and arrays that were to be filled may be so in part.
 *
 * Threads.  There is no state that a caller could set or see outside handles.  A handle, an encryptor together with
 * its key, is used by one thread at a time; different ones by as many threads as one likes.  Functions that take const
 * handles only may run at the same time for the same handle.
 *
 * The library never writes to the terminal (but for an environment variable PPDL_CPU that names no kernels of the
 * machine), installs no signal handler, never ends or forks the process and never jumps out of a function.  Callbacks
 * must return.  Numbers in text have decimal points, in every locale; what the program has set stays as it is.
 *
 * Structs that callers fill, or have filled, begin with their size: set it to sizeof the struct.  Later versions add
 * members at the end, and take a smaller size for a caller that does not know them; members that are unknown to the
 * library must be 0.  Text is UTF-8 and ends with a zero byte.  Strings and arrays that functions return belong to the
 * handle that they came from, and live as long as it does unless something else is said.  Secrets and values in the
 * clear are wiped by the library before it gives memory back; what callers hold is theirs to wipe.
 *
 * Only 64-bit little-endian machines.  The version of all symbols is PPDL_0.2.
 */
#ifndef PPDL_H
#define PPDL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PPDL_API __attribute__((visibility("default")))
#else
#define PPDL_API
#endif

#ifdef __cplusplus
extern "C"
{
#endif

/* "0.2.0": of the library that runs */
PPDL_API const char *ppdl_version(void);

/* ------------------------------------------------------------------ errors */

enum
{
	PPDL_E_MEMORY = 1,			/* out of memory */
	PPDL_E_ARGUMENT,			/* an argument or option is wrong */
	PPDL_E_FORMAT,				/* malformed bytes, text, JSON; a field that cannot be encoded */
	PPDL_E_VERSION,				/* well formed, but of an unknown version */
	PPDL_E_KEY,					/* key missing, of another owner or kind, bad passphrase */
	PPDL_E_LEVEL,				/* not enough levels */
	PPDL_E_SCALE,				/* scales or shapes do not match */
	PPDL_E_RANGE,				/* a value is, or could become, too large */
	PPDL_E_PRECISION,			/* noise has eaten the message: there is no number to return */
	PPDL_E_IO,					/* operating system said no */
	PPDL_E_CRYPTO,				/* OpenSSL said no */
	PPDL_E_CANCELED,			/* a callback asked to stop */
	PPDL_E_INTERNAL				/* a bug in ppdl */
};

/* what the last call that was given it came to; the strings live until the next one */
typedef struct ppdl_err ppdl_err;

PPDL_API ppdl_err *ppdl_err_new(void);	/* NULL: out of memory */
PPDL_API void ppdl_err_free(ppdl_err *err);	/* NULL is allowed, of all handles */
PPDL_API int32_t ppdl_err_code(const ppdl_err *err);	/* 0: it succeeded */
PPDL_API const char *ppdl_err_message(const ppdl_err *err);	/* what is wrong, with names and numbers */
PPDL_API const char *ppdl_err_detail(const ppdl_err *err);	/* more about it, or "" */
PPDL_API const char *ppdl_err_hint(const ppdl_err *err);	/* what to do, or "" */

/* ------------------------------------------------------------------ keys */

/* a secret key: of lwe_cipher (one that encrypts and decrypts), or of rsa_cipher (one that decrypts) */
typedef struct ppdl_key ppdl_key;

enum
{
	PPDL_LWE = 1,
	PPDL_RSA = 2
};

/* flags of ppdl_key_save */
#define PPDL_ALLOW_WEAK_PASSPHRASE UINT32_C(1)	/* fewer than 8 characters */

/*
 * A new key of lwe_cipher.  name: 1 to 63 characters of [A-Za-z0-9_.-], no 16 hexadecimal digits.  RSA keys are made
 * by `ppdl keygen --scheme rsa`.
 */
PPDL_API int32_t ppdl_key_generate(ppdl_key **out, const char *name, ppdl_err *err);
/*
 * Into a new file of mode 0600, sealed with a key that scrypt makes of the passphrase (half a second): whoever loses
 * either loses the rows.  PPDL_E_IO when the file exists, PPDL_E_KEY for a weak passphrase.  passphrase: len bytes
 * without a zero among them.  Keys of lwe_cipher only.
 */
PPDL_API int32_t ppdl_key_save(const ppdl_key *key, const char *path, const char *passphrase, size_t len,
							   uint32_t flags, ppdl_err *err);
/*
 * The public key file that `ppdl publish` brings to a server, for sums and averages, a new file.  Evaluation keys
 * for predictions and training take long and much room: `ppdl keygen --key FILE --for predict --out PREFIX` makes them
 * of the saved key.
 */
PPDL_API int32_t ppdl_key_save_public(ppdl_key *key, const char *path, ppdl_err *err);
/*
 * Writers: keys whose rows one owner reads.  generate makes one for the owner whose public file this is; it is saved
 * and loaded as other keys, and encrypts rows.  save_writer makes its public file, which `ppdl publish` brings to the
 * server beside the owner's: PPDL_E_KEY when the key writes for another owner, or for none.  For predictions and
 * training `ppdl keygen --key FILE --writer-for OWNER.pub --for predict` makes a larger one.
 */
PPDL_API int32_t ppdl_key_generate_writer(ppdl_key **out, const char *name, const char *owner_public, ppdl_err *err);
PPDL_API int32_t ppdl_key_save_writer(ppdl_key *key, const char *owner_public, const char *path, ppdl_err *err);
/* the fingerprint of a writer's owner; "": the key is no writer's */
PPDL_API const char *ppdl_key_writes_for(const ppdl_key *key);
/*
 * From now on the key reads that writer's rows: those of its part "writer" in ppdl_key_parts, or of its public file.
 * Writers of writers come in any order.  PPDL_E_FORMAT; what was sealed to another key is found when such a row is
 * decrypted, PPDL_E_KEY.
 */
PPDL_API int32_t ppdl_key_add_writer(ppdl_key *key, const void *part, size_t len, ppdl_err *err);
PPDL_API int32_t ppdl_key_add_writer_file(ppdl_key *key, const char *path, ppdl_err *err);
/* 1: it reads values under the key of that fingerprint, its own or that of one of these writers */
PPDL_API int32_t ppdl_key_reads(const ppdl_key *key, const char *fingerprint);
/*
 * A key file of either scheme.  PPDL_E_KEY: the passphrase is wrong, or the file is damaged.  The library's copy of
 * the passphrase is wiped before it returns.
 */
PPDL_API int32_t ppdl_key_load(ppdl_key **out, const char *path, const char *passphrase, size_t len, ppdl_err *err);
/*
 * Puts the passphrase of the key that is called so into buf, of so many bytes, without a zero byte at its end, and
 * returns how many they are; less than 0 to give up (PPDL_E_CANCELED).  buf is wiped after use.
 */
typedef int64_t (*ppdl_passphrase_fn) (void *arg, const char *name, char *buf, size_t capacity);
/* the same, asking once it is known that the file is there and a key */
PPDL_API int32_t ppdl_key_load_ask(ppdl_key **out, const char *path, ppdl_passphrase_fn ask, void *arg,
								   ppdl_err *err);
PPDL_API void ppdl_key_free(ppdl_key *key);	/* wipes */

PPDL_API int32_t ppdl_key_scheme(const ppdl_key *key);	/* PPDL_LWE, PPDL_RSA */
/* RSA keys have no name but their file's */
PPDL_API const char *ppdl_key_name(const ppdl_key *key);
PPDL_API const char *ppdl_key_fingerprint(const ppdl_key *key);	/* 16 hexadecimal digits, as a server shows them */

/*
 * Whom decryption of long values asks now and then whether to end: not 0 ends it with PPDL_E_CANCELED.  Called by the
 * thread that decrypts.  NULL: nobody.
 */
typedef int32_t (*ppdl_poll_fn) (void *arg);
PPDL_API void ppdl_key_set_poll(ppdl_key *key, ppdl_poll_fn poll, void *arg);

/* ------------------------------------------------------------------ encryption */

/* makes of rows of numbers the cells of a column of features and, beside it, of a column of labels */
typedef struct ppdl_encryptor ppdl_encryptor;

typedef struct ppdl_encryptor_options
{
	uint64_t	size;
	int32_t		inputs;			/* numbers of a row in the column of features, 1 or more */
	int32_t		outputs;		/* ... in the column of labels, 0: there is none */
	int32_t		compact;		/* 1: compact rows, a quarter of the bytes; what works with them is in doc/library.md */
	int32_t		scale_bits;		/* 20 to 40: the scale is 2 to this; 0: 30 */
	int32_t		batch_rows;		/* rows under one seed, a power of two; 0: as many as fit, which is best */
	int32_t		reserved;		/* 0 */
	uint64_t	encoding;		/* of the numbers (ppdl_encoding_info.id), or 0: not known */
} ppdl_encryptor_options;

typedef struct ppdl_encryptor_info
{
	uint64_t	size;
	uint64_t	batch_rows;
	uint64_t	cell_bytes[2];	/* of a row's features and labels, in the binary form; 0: none */
} ppdl_encryptor_info;

/* key: of lwe_cipher; must outlive the encryptor */
PPDL_API int32_t ppdl_encryptor_new(ppdl_encryptor **out, ppdl_key *key, const ppdl_encryptor_options *options,
									ppdl_err *err);
PPDL_API void ppdl_encryptor_free(ppdl_encryptor *encryptor);
PPDL_API int32_t ppdl_encryptor_describe(const ppdl_encryptor *encryptor, ppdl_encryptor_info *info, ppdl_err *err);
/*
 * Encrypts rows: x[rows * inputs], y[rows * outputs] (NULL without outputs), row-major, finite, in [-1, 1];
 * PPDL_E_RANGE names row and value, counted from 1, before anything is encrypted.  features, labels (NULL without
 * outputs): rows * cell_bytes bytes, cell after cell: what COPY WITH (FORMAT binary) takes as it is, and COPY of text
 * after ppdl_base64.  Batches are begun anew with each call: give as many rows at once as there are, or multiples of
 * batch_rows.  A label that is NULL: any numbers, and the cell thrown away.
 */
PPDL_API int32_t ppdl_encrypt(ppdl_encryptor *encryptor, const double *x, const double *y, size_t rows,
							  uint8_t *features, uint8_t *labels, ppdl_err *err);

/* the base64 text that the column types read and write, and the zero byte at its end */
#define PPDL_BASE64_SIZE(bytes) (((size_t) (bytes) + 2) / 3 * 4 + 1)
/* text: PPDL_BASE64_SIZE(len) bytes */
PPDL_API void ppdl_base64(const uint8_t *data, size_t len, char *text);

/* ------------------------------------------------------------------ receipts */

/*
 * Tags that make rows and their sums provable, as `ppdl encrypt --receipts` puts them (doc/security.md), and a manifest
 * of the rows, a file of the owner's.
 */
typedef struct ppdl_receipts ppdl_receipts;

typedef struct ppdl_receipts_options
{
	uint64_t	size;
	const char *table;			/* its name in receipts: "patients" */
	const char *const *bind;	/* names of plain columns that rows are tied to, up to a NULL; NULL: none */
	const char *manifest;		/* file, which is gone on with if it is there; NULL: none */
} ppdl_receipts_options;

/*
 * encryptor: of the rows, must outlive *out.  PPDL_E_ARGUMENT when the manifest is of another table or other bound
 * columns, PPDL_E_KEY when it is another key's.
 */
PPDL_API int32_t ppdl_receipts_new(ppdl_receipts **out, ppdl_encryptor *encryptor,
								   const ppdl_receipts_options *options, ppdl_err *err);
PPDL_API void ppdl_receipts_free(ppdl_receipts *receipts);
/* by which each cell gets longer */
PPDL_API uint64_t ppdl_receipts_bytes(const ppdl_receipts *receipts);
/*
 * Tags the cells of so many rows, in the order in which ppdl_encrypt made them.  ids: of rows; a row that comes again
 * with its id in a later run replaces the former.  bound: rows * (number of bind) texts as PostgreSQL writes them, NULL
 * for NULL.  has_label: 0 for rows whose label's cell is thrown away; NULL: all have one.  tagged_...: rows * (cell
 * bytes + ppdl_receipts_bytes).  PPDL_E_FORMAT for an id that comes twice.  After an error the manifest has some of
 * the rows: save none of it.
 */
PPDL_API int32_t ppdl_receipts_tag(ppdl_receipts *receipts, const char *const *ids, const char *const *bound,
								   size_t rows, const uint8_t *features, const uint8_t *labels,
								   const uint8_t *has_label, uint8_t *tagged_features, uint8_t *tagged_labels,
								   ppdl_err *err);
/* writes the manifest, of mode 0600, in place of the former; nothing without one */
PPDL_API int32_t ppdl_receipts_save(const ppdl_receipts *receipts, ppdl_err *err);

/* checks sums and averages before they are decrypted, as `ppdl query --verify` does */
typedef struct ppdl_verifier ppdl_verifier;

typedef struct ppdl_verifier_options
{
	uint64_t	size;
	const char *column;			/* what was summed: "features", "label"; NULL: features */
	const char *table;			/* as receipts name it; NULL with manifests, which say it */
	const char *const *bind;	/* the same */
	/* files, one a key, up to a NULL; NULL: none, old and missing rows are not noticed */
	const char *const *manifests;
	int32_t		all_rows;		/* 1: all rows that the manifests have of a group must be in it */
	int32_t		reserved;		/* 0 */
} ppdl_verifier_options;

/* key, and writers that it knows by now, must outlive *out */
PPDL_API int32_t ppdl_verifier_new(ppdl_verifier **out, ppdl_key *key, const ppdl_verifier_options *options,
								   ppdl_err *err);
PPDL_API void ppdl_verifier_free(ppdl_verifier *verifier);	/* wipes */
/*
 * The query whose records come next.  Where none of its words could make a total of groups (ROLLUP, CUBE, GROUPING,
 * NULL), NULL in a column of a bound column's name is a group like others.
 */
PPDL_API int32_t ppdl_verifier_query(ppdl_verifier *verifier, const char *sql, ppdl_err *err);
/*
 * Checks a record of a result, in which what lwe_receipt(column, ...) returned lies beside sums and averages of the
 * column.  names, fields: of its columns, texts as a server gives them, NULL for NULL.  proved: count texts, the fields
 * in which sums and averages are what their receipt says they are, and the receipt "verified: 412 rows, ward = A"; they
 * live until the next record.  Decrypt these, never the fields.  Where NULL in a column of a bound column's name may
 * be a total, and the rows are not all of the group NULL, "(ward: NULL taken for a total)" says so.  PPDL_E_KEY for
 * what does not pass, PPDL_E_ARGUMENT for encrypted values without a receipt.
 */
PPDL_API int32_t ppdl_verifier_record(ppdl_verifier *verifier, const char *const *names, const char *const *fields,
									  size_t count, const char **proved, ppdl_err *err);

/* ------------------------------------------------------------------ values */

/* Values are given in the binary form of their type or as base64 text: the first bytes tell which. */

enum
{
	PPDL_VALUE_CELL = 1,		/* one row as it was encrypted */
	PPDL_VALUE_ROW = 2,			/* a sum, an average, a prediction of one row */
	PPDL_VALUE_PACKED = 3,		/* many rows, or those of a matrix of second moments */
	PPDL_VALUE_PARTS = 4,		/* a sum in several ciphertexts */
	PPDL_VALUE_RSA = 5,			/* one number */
	PPDL_VALUE_RSA_PREDICTION = 6	/* many rows */
};

typedef struct ppdl_value_info
{
	uint64_t	size;
	int32_t		scheme;			/* PPDL_LWE, PPDL_RSA */
	int32_t		kind;			/* PPDL_VALUE_... */
	int32_t		compact;		/* 1: of compact rows */
	int32_t		width;			/* numbers a row; 0: only decryption can tell (predictions under RSA) */
	uint64_t	rows;			/* those without value (NULL) included */
	uint64_t	encoding;		/* what the numbers were made by (ppdl_encoding_info.id); 0: not known */
	char		fingerprint[24];	/* of its key */
	double		bound;			/* of each number: 1 for a row or an average, as many as rows for a sum; 0: not known */
} ppdl_value_info;

/* what a value is: no key is needed.  PPDL_E_FORMAT, PPDL_E_VERSION */
PPDL_API int32_t ppdl_value_describe(const void *data, size_t len, ppdl_value_info *info, ppdl_err *err);

/*
 * How many rows a sum, an average or second moments stand for, as far as the value tells: *rows is INFINITY where that
 * is not known, and for what is no total.  counted: what counts the rows beside it, count(*), or 0; believed where the
 * value agrees.  An owner that shows no totals of few rows asks before it decrypts.
 */
PPDL_API int32_t ppdl_value_group_size(const void *data, size_t len, double counted, double *rows, ppdl_err *err);

/* what a value decrypts to */
typedef struct ppdl_plain ppdl_plain;

typedef struct ppdl_plain_info
{
	uint64_t	size;
	uint64_t	rows;			/* those without value included */
	uint64_t	held;			/* rows with a value */
	uint64_t	width;			/* numbers a row */
	double		error;			/* standard deviation of each number, in its units; 0: exact */
	const double *values;		/* held * width, in the order of rows */
	const uint32_t *places;		/* number of each row in values, UINT32_MAX without value; NULL: its own */
	const char *exact;			/* a number under RSA in all its digits; else NULL */
} ppdl_plain_info;

/* flags of ppdl_decrypt */
#define PPDL_SHARE UINT32_C(1)	/* adds noise, for results that leave the owner (values of lwe_cipher) */

/*
 * PPDL_E_KEY, with both fingerprints, when the value is another key's; PPDL_E_PRECISION when noise has eaten it:
 * numbers that mean nothing are never returned.
 */
PPDL_API int32_t ppdl_decrypt(ppdl_plain **out, ppdl_key *key, const void *data, size_t len, uint32_t flags,
							  ppdl_err *err);
PPDL_API void ppdl_plain_free(ppdl_plain *plain);	/* wipes */
PPDL_API int32_t ppdl_plain_describe(const ppdl_plain *plain, ppdl_plain_info *info, ppdl_err *err);
/* a number with as many digits as its error supports: 64 bytes, "0.1234"; NaN gives "" */
PPDL_API void ppdl_digits(char text[64], double value, double error);

/* ------------------------------------------------------------------ feature files */

/* how columns become numbers in [-1, 1]: a feature file, as `ppdl encode` learns it */
typedef struct ppdl_encoding ppdl_encoding;

/* PPDL_E_FORMAT, PPDL_E_RANGE say where in the file */
PPDL_API int32_t ppdl_encoding_load(ppdl_encoding **out, const char *path, ppdl_err *err);
/* the same of its text; name: for messages */
PPDL_API int32_t ppdl_encoding_read(ppdl_encoding **out, const char *json, size_t len, const char *name,
									 ppdl_err *err);
/*
 * The file among *.json beside the files of `near`, a list that ends with NULL, or in the current directory, that is
 * the feature file of an encoding: its path.  PPDL_E_ARGUMENT when there is none
 */
PPDL_API int32_t ppdl_encoding_find(char *path, size_t size, uint64_t id, const char *const *near, ppdl_err *err);
PPDL_API void ppdl_encoding_free(ppdl_encoding *encoding);

typedef struct ppdl_encoding_info
{
	uint64_t	size;
	uint64_t	id;				/* 0: it has none */
	int32_t		inputs;			/* numbers a row */
	int32_t		outputs;		/* ... of its label, 0: there is none */
	int32_t		columns;		/* that it reads, the label not among them */
	int32_t		classes;		/* of the label; 0: a number, or no label */
	int32_t		averages;		/* that ppdl_decode_average writes; as many sums and differences */
	int32_t		reserved;
	const char *id_column;		/* NULL: none */
	const char *label_column;	/* NULL: none */
} ppdl_encoding_info;

PPDL_API int32_t ppdl_encoding_describe(const ppdl_encoding *encoding, ppdl_encoding_info *info, ppdl_err *err);

enum
{
	PPDL_NAME_INPUT = 1,		/* "Age", "Gender = Male", "Age missing", "component 1" */
	PPDL_NAME_COLUMN,			/* of the table */
	PPDL_NAME_CLASS,			/* of the label */
	PPDL_NAME_AVERAGE,			/* what ppdl_decode_average writes: "Age", "Gender = Male" */
	PPDL_NAME_SUM,				/* the same answers; on scales of logarithms they are called otherwise */
	PPDL_NAME_DIFFERENCE
};

/* the name of number i of that kind, from 0; NULL: there are not so many */
PPDL_API const char *ppdl_encoding_name(const ppdl_encoding *encoding, int32_t kind, int32_t i);

/* a column of a table: numbers or texts */
typedef struct ppdl_column
{
	const char *name;
	const double *numbers;		/* NaN: missing; or NULL, and then: */
	const char *const *texts;	/* NULL, "": missing */
} ppdl_column;

/* flags of ppdl_encode */
#define PPDL_CLAMP UINT32_C(1)	/* numbers outside the learned range become the nearer bound, and are counted */
#define PPDL_UNKNOWN_OTHER UINT32_C(2)	/* categories never seen, and fields that never were empty: 0, and counted */

typedef struct ppdl_encode_counts
{
	uint64_t	size;
	uint64_t	clamped;
	uint64_t	unknown;
	uint64_t	clipped;		/* values beyond what the encoding's map keeps */
} ppdl_encode_counts;

/*
 * Encodes rows of a table: columns in any order, those that the encoding does not know ignored; column_size is
 * sizeof(ppdl_column).  x: rows * inputs numbers.  y: rows * outputs and has_label: rows, both NULL to leave the label
 * out; has_label is 0, and y 0, where it is missing.  counts may be NULL.  PPDL_E_FORMAT names row and column ("row:3:"
 * is the third) of what cannot be encoded, and columns that there are none of.
 */
PPDL_API int32_t ppdl_encode(const ppdl_encoding *encoding, const ppdl_column *columns, size_t ncolumns,
							 size_t column_size, size_t rows, uint32_t flags, double *x, double *y,
							 uint8_t *has_label, ppdl_encode_counts *counts, ppdl_err *err);

/*
 * What a mean of encoded rows says of the table: averages of columns of numbers in their own units, shares (0 to 1) of
 * categories, of bands and of what is missing, each over the rows that are not missing.  x: n numbers, as many as the
 * encoding has inputs, each with that error.  values, errors (or NULL): one for each name of kind PPDL_NAME_AVERAGE;
 * NaN where all rows are missing.
 */
PPDL_API int32_t ppdl_decode_average(const ppdl_encoding *encoding, const double *x, size_t n, double error,
									 double *values, double *errors, ppdl_err *err);
/*
 * The same of a sum of so many rows: totals of numbers in their own units, and how many rows have each category, each
 * band, no value.  rows: of those that are not NULL, what count(column) says; of a sum that was not scaled it is the
 * value's bound (ppdl_value_info).  One for each name of kind PPDL_NAME_SUM; NaN on scales of logarithms.
 * PPDL_E_FORMAT when x is no sum of so many.
 */
PPDL_API int32_t ppdl_decode_sum(const ppdl_encoding *encoding, const double *x, size_t n, double error, double rows,
								 double *values, double *errors, ppdl_err *err);
/*
 * The same of a difference of averages, or of sums of equally many rows: differences in the table's units, of shares
 * (of counts) as such, ratios on scales of logarithms.  One for each name of kind PPDL_NAME_DIFFERENCE; NaN where
 * values may be missing, since it does not follow from the sums: decode both averages instead.
 */
PPDL_API int32_t ppdl_decode_difference(const ppdl_encoding *encoding, const double *x, size_t n, double error,
										double *values, double *errors, ppdl_err *err);
/*
 * The class that a model's answer means, y of n numbers, as many as the encoding has outputs, each with that error
 * (ppdl_plain_info), and by how much it leads (NULL: not asked).  number: that of its name, of kind PPDL_NAME_CLASS;
 * -1: the lead is not larger than the error, 4 standard deviations, so that there is no telling.  PPDL_E_ARGUMENT when
 * the label is no class.
 */
PPDL_API int32_t ppdl_decode_class(const ppdl_encoding *encoding, const double *y, size_t n, double error,
								   int32_t *number, double *lead, ppdl_err *err);
/* the label that a number in [-1, 1] stands for, in its own units; PPDL_E_ARGUMENT when it is no number */
PPDL_API int32_t ppdl_decode_label(const ppdl_encoding *encoding, double y, double *value, ppdl_err *err);

/* ------------------------------------------------------------------ statistics */

/*
 * Statistics of encrypted rows: means, deviations, correlations, regressions, cross tables, histograms, principal
 * components, in the units of the table that was encrypted, as `ppdl stats` has them (doc/statistics.md).  A handle
 * says which statement a server is to be asked, decrypts the sums and products that it returns, and computes the rest.
 */
typedef struct ppdl_stats ppdl_stats;

/* where the rows are */
typedef struct ppdl_stats_source
{
	uint64_t	size;
	const char *schema;			/* of the extension, as SQL writes it: "public" */
	const char *table;			/* the same: "clinic.\"Patients\"" */
	const char *features;		/* columns of the table, by their exact names: of encrypted features, */
	const char *label;			/* of encrypted labels; NULL: none */
	const char *where;			/* a condition on plain columns, SQL, which is taken as it is; NULL: all rows */
	const char *const *group_by;	/* plain columns, by their exact names, up to a NULL; NULL: one group */
} ppdl_stats_source;

/* what is asked for, 0 or NULL for nothing; without anything, describe.  Lists of column names end with a NULL. */
typedef struct ppdl_stats_options
{
	uint64_t	size;
	int32_t		describe;		/* 1: n, missing, mean, standard deviation of columns */
	int32_t		means;			/* 1: the same without standard deviations, which takes no products */
	int32_t		correlation;	/* 1: of each two columns */
	int32_t		components;		/* 1: principal ones, of the correlations */
	int32_t		all;			/* 1: all of these, and a histogram of each column that has bands or categories */
	int32_t		reserved;		/* 0 */
	double		ridge;			/* penalty of regressions on squared standardised coefficients */
	double		level;			/* of confidence intervals; 0: 0.95 */
	uint64_t	min_count;		/* groups of fewer rows are not decrypted; 0: 5; 1: all are */
	const char *const *columns;	/* of describe, correlation, components; NULL: all */
	const char *const *regress;	/* each by least squares: "Weight", "Smoking=Yes" */
	const char *const *on;		/* what explains them; NULL: all other columns of features */
	const char *const *crosstab;	/* two by two */
	const char *const *histogram;
} ppdl_stats_options;

/*
 * PPDL_E_ARGUMENT for columns that are not there, and for products that the rows do not hold and a server cannot
 * compute.  encoding: of the rows; must outlive the handle, the structs need not.
 */
PPDL_API int32_t ppdl_stats_new(ppdl_stats **out, const ppdl_encoding *encoding, const ppdl_stats_source *source,
								const ppdl_stats_options *options, ppdl_err *err);
PPDL_API void ppdl_stats_free(ppdl_stats *stats);	/* wipes */
/*
 * Before the first row: the statement asks for receipts, too, and sums are checked against them before they are
 * decrypted, as `ppdl stats --verify` does it: numbers of rows, means and histograms are certain then, products and
 * what is computed from them are not, and "notes" say so.  options: of ppdl_verifier_new; column is NULL.  columns:
 * the exact names that the table has for those of options->bind, which may differ in case; NULL: the same.  key, and
 * writers that it knows by now, must outlive the handle.
 */
PPDL_API int32_t ppdl_stats_verify(ppdl_stats *stats, ppdl_key *key, const ppdl_verifier_options *options,
								   const char *const *columns, ppdl_err *err);
/* the SELECT to be sent; it returns the columns of group_by, counts and encrypted values, a row a group */
PPDL_API const char *ppdl_stats_statement(const ppdl_stats *stats);
/*
 * One row of its result: the texts of all its columns, NULL for NULL.  Groups of fewer rows than min_count are counted
 * and not decrypted.  flags: PPDL_SHARE.  PPDL_E_ARGUMENT when the rows are of another encoding.  PPDL_E_KEY for sums
 * that do not pass ppdl_stats_verify; after an error there is no result then.
 */
PPDL_API int32_t ppdl_stats_add(ppdl_stats *stats, ppdl_key *key, const char *const *fields, size_t count,
								uint32_t flags, ppdl_err *err);
/*
 * After all rows: *more is 1 where a regression of a column that is missing in some rows takes a second statement, that
 * of ppdl_stats_statement from now on, whose rows are given to ppdl_stats_add in the same way.  It should see the same
 * rows as the first (REPEATABLE READ).  Where the server refuses it, no_more says why; all else is shown all the same.
 */
PPDL_API int32_t ppdl_stats_more(ppdl_stats *stats, int32_t *more, ppdl_err *err);
PPDL_API int32_t ppdl_stats_no_more(ppdl_stats *stats, const char *why, ppdl_err *err);
/*
 * What the rows so far come to, as the text that `ppdl stats --json` prints (doc/cli-reference.md says what is in it).
 * *json lives until the next call for this handle.  What cannot be had is told in "notes" of its group.  PPDL_E_KEY
 * after ppdl_stats_verify with all_rows, when rows of the manifests are in no group; with a condition they may be.
 */
PPDL_API int32_t ppdl_stats_result(ppdl_stats *stats, const char **json, ppdl_err *err);

/* ------------------------------------------------------------------ conditions */

/*
 * SQL text with questions on encrypted columns in braces, as `ppdl query` takes it (doc/cli-reference.md):
 *
 *	SELECT ward, {count where Age > 65 and Smoking = 'Yes'} FROM patients GROUP BY ward
 */
typedef struct ppdl_question ppdl_question;

/*
 * encoding: of the rows, must outlive the handle; NULL for a text that may not have braces.  schema: of the extension,
 * as SQL writes it, or NULL: that on the search path.  PPDL_E_ARGUMENT, with the place in the detail, for syntax, and
 * for columns and categories that the encoding does not have.
 */
PPDL_API int32_t ppdl_question_new(ppdl_question **out, const ppdl_encoding *encoding, const char *schema,
								   const char *sql, ppdl_err *err);
PPDL_API void ppdl_question_free(ppdl_question *question);
/* what is to be sent; a text without braces as it is */
PPDL_API const char *ppdl_question_statement(const ppdl_question *question);
PPDL_API int32_t ppdl_question_count(const ppdl_question *question);	/* of braces */
/* a line for each comparison that cannot tell all rows apart; "" */
PPDL_API const char *ppdl_question_notes(const ppdl_question *question);

enum
{
	PPDL_QUESTION_OTHER = 0,		/* the text is no answer, but of another column of the result */
	PPDL_QUESTION_NUMBER,
	PPDL_QUESTION_NULL,			/* a sum or an average of no rows */
	PPDL_QUESTION_FEW				/* of fewer rows than min_count */
};

typedef struct ppdl_answer
{
	uint64_t	size;
	int32_t		kind;			/* PPDL_QUESTION_... */
	int32_t		reserved;
	double		value;			/* of NUMBER, in the table's units */
	double		error;			/* its standard deviation; 0: exact */
} ppdl_answer;

/*
 * The answer in a field of the statement's result, JSON text as the server gives it.  min_count: 0: 5; 1: all are
 * shown.  flags: PPDL_SHARE.  PPDL_E_ARGUMENT when the rows are of another encoding, and when an answer was made a part
 * of a longer text.
 */
PPDL_API int32_t ppdl_question_answer(const ppdl_question *question, ppdl_key *key, const char *text, size_t len,
									  uint64_t min_count, uint32_t flags, ppdl_answer *answer, ppdl_err *err);

/* ------------------------------------------------------------------ networks */

/* a network in the clear: what ppdl_create_model takes (doc/models.md), with or without weights */
typedef struct ppdl_network ppdl_network;

/* PPDL_E_FORMAT, PPDL_E_ARGUMENT say where in the JSON text */
PPDL_API int32_t ppdl_network_parse(ppdl_network **out, const char *json, size_t len, ppdl_err *err);
PPDL_API void ppdl_network_free(ppdl_network *network);

typedef struct ppdl_network_info
{
	uint64_t	size;
	int32_t		inputs;
	int32_t		outputs;
	int32_t		layers;
	int32_t		levels;			/* that a prediction on encrypted rows takes */
	int32_t		row_levels;		/* ... and that rows have: more than these are lifted first, which takes long */
	int32_t		trained;		/* 1: it has weights */
	uint64_t	weights;		/* how many it has or needs */
	const char *json;			/* the canonical text */
} ppdl_network_info;

PPDL_API int32_t ppdl_network_describe(const ppdl_network *network, ppdl_network_info *info, ppdl_err *err);
/* layer by layer: weights (units x inputs, row-major; filters x channels x kernel x kernel), then biases; finite */
PPDL_API int32_t ppdl_network_set_weights(ppdl_network *network, const double *weights, size_t count, ppdl_err *err);
/* the forward pass, with the polynomials that a server computes: x[rows * inputs], y[rows * outputs] */
PPDL_API int32_t ppdl_network_predict(const ppdl_network *network, const double *x, size_t rows, double *y,
									  ppdl_err *err);
/* the polynomial of a layer, counted from 0, at n points, to be compared with the function that it stands for */
PPDL_API int32_t ppdl_network_activate(const ppdl_network *network, int32_t layer, const double *z, size_t n,
									   double *out, ppdl_err *err);

#ifdef __cplusplus
}
#endif
#endif

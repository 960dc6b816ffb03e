/*
 * ppdl keygen: makes a key pair.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/keygen.h"
#include "rows/keyplan.h"

static const char doc[] =
"Make a key pair: PREFIX.key, the secret key, encrypted under a passphrase and readable by you alone; and "
"PREFIX.pub, the public and evaluation keys, for servers.\v"
"Whoever has PREFIX.key and its passphrase reads every row; whoever loses either reads none. Keep a copy of both, "
"in different places. PREFIX.pub holds no secrets and can be made again from PREFIX.key.\n\n"
"--for says what a server shall do with rows under this key: sum (sums and averages; a small file), "
"predict (also networks on encrypted rows; the default), train (also training; a large file).\n\n"
"Examples:\n\n"
"  ppdl keygen --out hospital\n"
"  ppdl keygen --key hospital.key --for train --out hospital-train\n\n"
"The second makes another public file from a secret key that exists, here one that serves training, too.\n\n"
"--writer-for makes a writer's key, for a ward or a device that encrypts rows for the owner of FILE.pub, and reads no "
"rows but its own. The owner publishes PREFIX.pub, too; its own key file is not needed.\n\n"
"  ppdl keygen --writer-for hospital.pub --out ward7\n\n"
"--rotate makes a new key for an owner who has one: PREFIX.key and PREFIX.pub, and PREFIX-NAME.pub, which makes "
"rows of the former key NAME count as rows of the new one, once both are published. No row is touched.\n\n"
"  ppdl keygen --rotate hospital.key --out hospital2\n\n"
"--scheme rsa makes an RSA key instead, for rsa_cipher: standard PEM files that openssl reads, which have no "
"name but their file's. What RSA protects and what it does not is in doc/rsa.md.";

enum
{
	OPT_OUT = 256, OPT_NAME, OPT_FOR, OPT_PASSPHRASE, OPT_SCHEME, OPT_THREADS, OPT_BITS, OPT_WEAK, OPT_WRITER_FOR,
	OPT_ROTATE, OPT_OLD_PASSPHRASE
};

static const struct argp_option options[] = {
	{"out", OPT_OUT, "PREFIX", 0, "where to write; never overwrites", 1},
	{"name", OPT_NAME, "NAME", 0, "what people call the key (the last part of PREFIX)", 1},
	{"for", OPT_FOR, "sum|predict|train", 0, "what the public file serves (predict)", 1},
	{"key", 'k', "FILE", 0, "make only the public file, from this secret key", 2},
	{"writer-for", OPT_WRITER_FOR, "FILE.pub", 0, "make a writer's key, for the owner of this public file", 2},
	{"rotate", OPT_ROTATE, "FILE", 0, "make a key that takes over the rows of this secret key", 2},
	{"rotate-passphrase-file", OPT_OLD_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase of the key to rotate (as for the new one)", 2},
	{"passphrase-file", OPT_PASSPHRASE, "FILE", 0,
	 "file whose first line is the passphrase (else PPDL_PASSPHRASE, else asked for)", 2},
	{"allow-weak-passphrase", OPT_WEAK, 0, 0, "take a passphrase of fewer than 8 characters", 2},
	{"scheme", OPT_SCHEME, "lwe|rsa", 0, "kind of key (lwe)", 3},
	{"bits", OPT_BITS, "3072|4096|8192", 0, "with --scheme rsa: size of the modulus (3072)", 3},
	{"threads", OPT_THREADS, "N", 0, "threads to use (all processors)", 3},
	{0}
};

static const struct
{
	const char *name;
	PpdlStatus	(*generate) (const PpdlKeygen *k, PpdlError *err);
}			schemes[] = {
	{"lwe", ppdl_keygen_lwe},
	{"rsa", ppdl_keygen_rsa},
};

#define RSA 1					/* index of the above */

static const char *const scheme_names[] = {"lwe", "rsa", NULL};

typedef struct Args
{
	PpdlKeygen	k;
	int			scheme;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	static const char *const bits[] = {"3072", "4096", "8192", NULL};
	Args	   *a = state->input;

	switch (key)
	{
		case OPT_OUT:
			a->k.prefix = arg;
			return 0;
		case OPT_NAME:
			a->k.name = arg;
			return 0;
		case OPT_FOR:
			a->k.uses = (2 << ppdl_arg_choice(state, "--for", arg, ppdl_use_names)) - 1;
			return 0;
		case 'k':
			a->k.existing = arg;
			return 0;
		case OPT_WRITER_FOR:
			a->k.writer_for = arg;
			return 0;
		case OPT_ROTATE:
			a->k.rotate = arg;
			return 0;
		case OPT_OLD_PASSPHRASE:
			a->k.old_passphrase_file = arg;
			return 0;
		case OPT_PASSPHRASE:
			a->k.passphrase_file = arg;
			return 0;
		case OPT_WEAK:
			a->k.allow_weak = 1;
			return 0;
		case OPT_SCHEME:
			a->scheme = ppdl_arg_choice(state, "--scheme", arg, scheme_names);
			return 0;
		case OPT_BITS:
			a->k.bits = atoi(bits[ppdl_arg_choice(state, "--bits", arg, bits)]);
			return 0;
		case OPT_THREADS:
			a->k.threads = (int) ppdl_arg_int(state, "--threads", arg, 1, 256);
			return 0;
		case ARGP_KEY_ARG:
			argp_error(state, "unexpected \"%s\"", arg);
			return 0;
		case ARGP_KEY_END:
			if (a->k.prefix == NULL)
				argp_error(state, "--out is missing");
			if (a->k.existing && a->k.name)
				argp_error(state, "--name has no place beside --key: a key keeps its name");
			if (a->k.rotate && (a->k.existing || a->k.writer_for))
				argp_error(state, "--rotate makes a key: it excludes --key and --writer-for");
			if (a->k.old_passphrase_file && a->k.rotate == NULL)
				argp_error(state, "--rotate-passphrase-file goes with --rotate only");
			if (a->scheme == RSA && (a->k.rotate || a->k.writer_for))
				argp_error(state, "--writer-for and --rotate are for lwe keys");
			if (a->scheme != RSA && a->k.bits)
				argp_error(state, "--bits goes with --scheme rsa only");
			if (a->scheme == RSA && (a->k.name || a->k.uses))
				argp_error(state,
						   "--name and --for have no place beside --scheme rsa: ppdl publish --name names an RSA key");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static PpdlStatus
must_not_exist(const char *path, PpdlError *err)
{
	if (access(path, F_OK) != 0)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_IO, "\"%s\" exists and is not overwritten", path);
	return ppdl_error_hint(err, PPDL_ERR_IO, "Choose another --out, or move the file away.");
}

static PpdlStatus
keygen(Args *a, PpdlError *err)
{
	PpdlKeygen *k = &a->k;

	if (asprintf(&k->secret_path, "%s.key", k->prefix) < 0 || asprintf(&k->public_path, "%s.pub", k->prefix) < 0)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (k->existing == NULL)
		PPDL_TRY(must_not_exist(k->secret_path, err));
	PPDL_TRY(must_not_exist(k->public_path, err));
	return schemes[a->scheme].generate(k, err);
}

static int
processors(void)
{
	long		n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 256 ? 256 : (int) n;
}

int
ppdl_cmd_keygen(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL, doc};
	Args		a = {.k = {.threads = processors()}};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (a.k.uses == 0)
		a.k.uses = PPDL_USE_SUM | PPDL_USE_PREDICT;
	if (a.k.bits == 0)
		a.k.bits = 3072;
	status = keygen(&a, &err);
	free(a.k.secret_path);
	free(a.k.public_path);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}

/*
 * ppdl inspect: says what a file or a value is, from its public parts alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "table/features.h"
#include "table/infile.h"
#include "cli/pemfile.h"
#include "cli/reveal.h"
#include "net/json.h"
#include "net/layer.h"
#include "owner/writer.h"
#include "rows/cipher_read.h"
#include "rows/encoding.h"
#include "rows/partner.h"

static const char doc[] =
"Say what FILE is: a secret or public key file, a feature file, a model file, or text with ciphertexts "
"(\"-\": read from standard input). Needs no passphrase.\v"
"Examples:\n\n"
"  ppdl inspect hospital.pub\n"
"  psql -At -c 'SELECT sum(features) FROM patients' | ppdl inspect -";

enum
{
	OPT_LIMIT = 256
};

static const struct argp_option options[] = {
	{"limit", OPT_LIMIT, "N", 0, "stop after N ciphertexts (10)", 0},
	{0}
};

typedef struct Args
{
	const char *file;
	long		limit;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Args	   *a = state->input;

	switch (key)
	{
		case OPT_LIMIT:
			a->limit = ppdl_arg_int(state, "--limit", arg, 1, 1000000000);
			return 0;
		case ARGP_KEY_ARG:
			if (a->file)
				argp_error(state, "one file is expected, not also \"%s\"", arg);
			a->file = arg;
			return 0;
		case ARGP_KEY_END:
			if (a->file == NULL)
				argp_error(state, "which file?");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

/* ------------------------------------------------------------------ key files */

static PpdlStatus
show_secret_key(const char *path, PpdlError *err)
{
	char		name[64],
				fingerprint[17],
				writes_for[17];

	PPDL_TRY(ppdl_owner_peek_writer(path, name, fingerprint, writes_for, err));
	printf("secret key file%s (encrypted under a passphrase)\nname:        %s\nfingerprint: %s\n",
		   writes_for[0] ? " of a writer" : "", name, fingerprint);
	if (writes_for[0])
		printf("writes for:  %s\n", writes_for);
	printf("sealed key:  there; only its passphrase shows that it opens\n");
	return PPDL_OK;
}

static PpdlStatus
show_public_file(const char *path, PpdlError *err)
{
	const PpdlPublicPart *seed;
	PpdlWriterHead head;
	PpdlPublicFile *f;
	char		hex[17];
	size_t		total = 0;
	PpdlStatus	status;

	PPDL_TRY(ppdl_public_file_open(&f, path, err));
	status = ppdl_public_file_writer(f, &head, &seed, err);
	ppdl_fingerprint_hex(hex, ppdl_public_file_fingerprint(f));
	printf("public key file%s\nname:        %s\nfingerprint: %s\n", seed != NULL ? " of a writer" : "",
		   ppdl_public_file_name(f), hex);
	if (seed != NULL && status == PPDL_OK)
	{
		ppdl_fingerprint_hex(hex, head.owner);
		printf("writes for:  %s\n", hex);
	}
	printf("for:        ");
	for (int u = 0; u < PPDL_USES; u++)
		if (ppdl_public_file_uses(f) & (1 << u))
			printf(" %s", ppdl_use_names[u]);
	printf("\nparts:       %d\n", ppdl_public_file_count(f));
	for (int i = 0; i < ppdl_public_file_count(f) && status == PPDL_OK; i++)
	{
		const PpdlPublicPart *p = ppdl_public_file_part(f, i);

		status = ppdl_public_part_check(p, err);
		printf("%12zu bytes  %-8s %s\n", p->len, ppdl_use_names[ppdl_use_most(p->use)], p->name);
		total += p->len;
	}
	printf("%12zu bytes in all\n", total);
	ppdl_public_file_close(f);
	return status;
}

static PpdlStatus
check_private(const char *path, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_read_whole(path, &w, err);
	if (status == PPDL_OK)
		status = ppdl_rsa_key_check_pem(w.buf, w.len, err);
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
show_pem(const char *path, PpdlPemKind kind, PpdlError *err)
{
	PpdlRsaPublic *pub;

	if (kind == PPDL_PEM_PRIVATE)
	{
		PPDL_TRY(check_private(path, err));
		printf("RSA private key file (encrypted under a passphrase, and with it the fingerprint)\n");
		return PPDL_OK;
	}
	PPDL_TRY(ppdl_rsa_public_load(&pub, path, err));
	printf("RSA public key file\nfingerprint: %s\nmodulus:     %d bits\n", pub->key_id, pub->bits);
	ppdl_rsa_public_free(pub);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ encodings */

static void
show_encoding(uint64_t encoding)
{
	char		id[PPDL_ENCODING_SIZE];

	ppdl_encoding_print(id, encoding);
	printf("encoding:    %s\n", encoding ? id : "not known");
}

/* ------------------------------------------------------------------ ciphertexts */

static PpdlStatus
show_rsa_cipher(const uint8_t *buf, size_t len, PpdlError *err)
{
	PpdlRsaView view;
	char		id[PPDL_RSA_KEY_ID_LEN + 1];

	PPDL_TRY(ppdl_rsa_view(&view, buf, len, err));
	ppdl_rsa_key_id(id, view.fingerprint);
	printf("rsa_cipher\nkind:        %s\nkey:         %s\nmodulus:     %d bits\nencoding:    %s%s\nparts:       %u\n",
		   view.kind == PPDL_RSA_VALUE ? "value" : "prediction", id, view.modulus_bits,
		   ppdl_rsa_encoding_name(view.encoding),
		   view.flags & PPDL_RSA_RANDOMISED ? ", randomised" : ", deterministic", view.parts);
	if (view.kind == PPDL_RSA_VALUE)
		printf("bound:       2^%.3f\n", ppdl_rsa_view_bound(&view) / 65536.0);
	if (view.kind == PPDL_RSA_VALUE && view.encoding == PPDL_RSA_EXPONENT)
		printf("range:       %.15g to %.15g in steps of %.15g\n", view.grid.step * (double) view.grid.offset,
			   view.grid.step * ((double) view.grid.offset + view.grid.max), view.grid.step);
	if (view.kind == PPDL_RSA_PREDICTION)
	{
		PpdlRsaPredictionView p;

		PPDL_TRY(ppdl_rsa_prediction_view(&p, &view, err));
		printf("rows:        %u\nunits:       %u in the first layer\n", p.rows, p.units);
	}
	printf("bytes:       %zu\n", len);
	return PPDL_OK;
}

static PpdlStatus
show_cipher(const uint8_t *buf, size_t len, PpdlError *err)
{
	static const char *const kind[] = {"", "slice (one row of a batch)", "row", "packed", "parts"};
	uint64_t	encoding;
	int			label = 0;
	PpdlCipher	c;
	char		hex[17];

	PPDL_TRY(ppdl_cipher_validate(buf, len, err));
	PPDL_TRY(ppdl_cipher_parse(&c, buf, len, err));
	PPDL_TRY(ppdl_cipher_encoding(&c, &encoding, err));
	if (c.kind == PPDL_KIND_SLICE)
		PPDL_TRY(ppdl_partner_named(c.seed, &label, err));
	ppdl_fingerprint_hex(hex, c.fingerprint);
	printf("lwe_cipher\nkind:        %s%s\nkey:         %s\nring:        %s, N = %d\n", kind[c.kind],
		   c.kind == PPDL_KIND_SLICE ? c.limbs == 1 ? ", compact" : ", full" : "", hex, c.par->name,
		   1 << c.par->logn);
	if (label)
		printf("encoding:    that of the features beside it\n");
	else
		show_encoding(encoding);
	printf("limbs:       %d of %d\nwidth:       %d\nscale:       2^%.3f\n"
		   "error:       %.2g (standard deviation)\nbytes:       %zu\n",
		   c.limbs, c.par->nq, c.width, log2(c.scale), ppdl_cipher_error(&c), len);
	if (c.kind == PPDL_KIND_SLICE)
		printf("position:    %u of %u rows\n%s", c.pos, 1u << c.logc,
			   c.tags ? "receipt:     tags and a MAC\n" : "");
	else
		printf("bound:       |value| <= %g\n", c.bound);
	if (c.kind == PPDL_KIND_PARTS)
		printf("parts:       %u, which their owner adds up\n", c.nparts);
	if (c.kind == PPDL_KIND_PACKED)
		printf("rows:        %u in %u ciphertexts, in %s\n", c.nrows, c.nchunks,
			   c.layout == PPDL_LAYOUT_SLOTS ? "slots" :
			   c.layout == PPDL_LAYOUT_GRAM ? "second moments" : "coefficients");
	return PPDL_OK;
}

static PpdlStatus
show_text(const Args *a, const PpdlWriter *text, PpdlError *err)
{
	const char *s = (const char *) text->buf;
	size_t		n = text->len;
	long		shown = 0;

	for (size_t i = 0, j; i < n && shown < a->limit; i = j)
	{
		uint8_t    *buf;
		size_t		len;
		PpdlStatus	status;

		for (j = i; j < n && ppdl_value_character(s[j]); j++)
			;
		if (j == i || !ppdl_value_starts(s + i, j - i))
		{
			j += j == i;
			continue;
		}
		if (shown++)
			putchar('\n');
		PPDL_TRY(ppdl_base64_read(s + i, j - i, &buf, &len, err));
		status = ppdl_value_starts_rsa(s + i, j - i) ? show_rsa_cipher(buf, len, err) : show_cipher(buf, len, err);
		free(buf);
		PPDL_TRY(status);
	}
	if (shown == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: no key file, no feature or model file, and no ciphertext in it",
						  a->file);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ which is it? */

static PpdlStatus
show_features(const Args *a, const PpdlWriter *text, PpdlError *err)
{
	PpdlFeatures *fs;
	char		name[120];

	PPDL_TRY(ppdl_features_parse(&fs, (const char *) text->buf, text->len, a->file, err));
	printf("feature file, learned from %ld rows of \"%s\"\nwidth:       %d\nid:          %s\nlabel:       %s", fs->rows,
		   fs->source,
		   fs->inputs, fs->id ? fs->id : "(none)", fs->label ? fs->label->column : "(none)");
	printf(fs->label ? ", %d value%s\n" : "\n", fs->outputs, fs->outputs == 1 ? "" : "s");
	show_encoding(fs->encoding);
	if (fs->map)
		printf("map:         %d inputs become %d components and a constant\n", fs->encoded, fs->map->components);
	for (int i = 0; i < fs->encoded; i++)
	{
		ppdl_features_encoded_name(fs, i, name, sizeof name);
		printf("%11d  %s\n", i + 1, name);
	}
	ppdl_features_destroy(fs);
	return PPDL_OK;
}

static PpdlStatus
describe_model(const json_t *root, PpdlError *err)
{
	const char *name = json_string_value(json_object_get(root, "name"));
	const char *key = json_string_value(json_object_get(root, "key_id"));
	char	   *spec = json_dumps(json_object_get(root, "spec"), JSON_COMPACT);
	PpdlNet    *net;
	PpdlStatus	status = ppdl_net_parse(&net, spec ? spec : "", err);

	if (status == PPDL_OK)
	{
		printf("model file\nname:        %s\ninputs:      %d\n", name ? name : "(none)", net->inputs);
		for (int i = 0; i < net->nlayers; i++)
		{
			char		what[96];

			ppdl_layer_describe(&net->layer[i], what, sizeof(what));
			printf("layer %d:     %s, %s\n", i + 1, what, net->layer[i].act.name);
		}
		printf("weights:     %s\n", json_object_get(root, "cipher") ? "encrypted" : json_object_get(root, "weights") ?
			   "plain" : "none");
		if (key)
			printf("key:         %s\n", key);
		show_encoding(net->encoding);
		ppdl_net_destroy(net);
	}
	free(spec);
	return status;
}

static PpdlStatus
show_model(const Args *a, const PpdlWriter *text, PpdlError *err)
{
	json_t	   *root;
	PpdlStatus	status;

	PPDL_TRY(ppdl_json_parse(&root, (const char *) text->buf, text->len, a->file, err));
	status = describe_model(root, err);
	json_decref(root);
	return status;
}

static int
contains(const PpdlWriter *w, const char *s)
{
	size_t		n = w->len < 4096 ? w->len : 4096;

	return memmem(w->buf, n, s, strlen(s)) != NULL;
}

static PpdlStatus
inspect_text(const Args *a, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_read_whole(a->file, &w, err);
	if (status == PPDL_OK && contains(&w, "\"ppdl-features\""))
		status = show_features(a, &w, err);
	else if (status == PPDL_OK && contains(&w, "\"ppdl-model\""))
		status = show_model(a, &w, err);
	else if (status == PPDL_OK)
		status = show_text(a, &w, err);
	ppdl_writer_free(&w);
	return status;
}

/* the first bytes tell key files from the rest */
static PpdlStatus
inspect(const Args *a, PpdlError *err)
{
	char		start[256] = "";
	PpdlPemKind kind;
	FILE	   *f;
	size_t		n;

	if (strcmp(a->file, "-") == 0)
		return inspect_text(a, err);
	f = fopen(a->file, "r");
	if (f == NULL)
		return ppdl_os_error(err, "open", a->file);
	n = fread(start, 1, sizeof start - 1, f);
	fclose(f);
	PPDL_TRY(ppdl_pem_kind(a->file, &kind, err));
	if (kind != PPDL_PEM_NONE)
		return show_pem(a->file, kind, err);
	if (memmem(start, n, "ppdl-owner-key", 14) || memmem(start, n, "ppdl-writer-key", 15))
		return show_secret_key(a->file, err);
	if (n >= 4 && memcmp(start, "PPDL", 4) == 0)
		return show_public_file(a->file, err);
	return inspect_text(a, err);
}

int
ppdl_cmd_inspect(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "FILE", doc};
	Args		a = {.limit = 10};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = ppdl_name_file(a.file, inspect(&a, &err), &err);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}

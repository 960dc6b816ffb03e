#include "owner/rekey.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "owner/manifest_keys.h"
#include "rows/cipher_read.h"
#include "rows/encoding.h"
#include "rows/partner.h"
#include "rows/row_set.h"

#define GROUPS 8				/* forms of rows whose batches fill at the same time */

/* what the values of a column are like */
typedef struct Form
{
	int			width,			/* 0: no value seen */
				logk,
				limbs,
				scale_bits,
				logc,
				beside;			/* column of the features that it is a label of, or -1 */
	uint8_t		ring;
	int			tagged;			/* 0: no receipt, else 1 + column of the manifest */
	uint64_t	encoding;
} Form;

/* rows of one form, waiting until they fill a batch */
typedef struct Group
{
	Form		form[PPDL_REKEY_COLUMNS];
	int			rows,			/* 0: free */
				capacity;
	uint64_t	used;			/* when last */
	double	   *x[PPDL_REKEY_COLUMNS];	/* capacity * width */
	size_t		bytes[PPDL_REKEY_COLUMNS];	/* allocated */
	uint8_t    *tag;			/* capacity tags */
	uint32_t   *has;			/* capacity masks of columns with a value */
	PpdlManifestPlace *place[PPDL_REKEY_COLUMNS];	/* capacity rows of the manifests; NULL: no receipts */
} Group;

/* what the seeds of a column's last row say, so that a batch takes its digests once */
typedef struct Said
{
	int			known;
	uint8_t		seed[PPDL_SEED_BYTES],
				features[PPDL_SEED_BYTES];	/* which it was found to name, zeros: not yet */
	uint64_t	encoding;
	int			named;
} Said;

struct PpdlRekeyer
{
	PpdlOwner  *from,
			   *to;
	int			columns;
	PpdlRekeyPut put;
	void	   *arg;
	PpdlManifestKeys old;		/* of no manifests, or some, with the keys that rows are under */
	PpdlReceiptKey *new_key[PPDL_MANIFEST_COLUMNS];
	Group		group[GROUPS];
	Said		said[PPDL_REKEY_COLUMNS];
	uint64_t	clock,
				loose;
};

PpdlStatus
ppdl_rekeyer_create(PpdlRekeyer **out, PpdlOwner *from, PpdlOwner *to, int columns, PpdlRekeyPut put, void *arg,
					PpdlError *err)
{
	*out = NULL;
	if (columns < 1 || columns > PPDL_REKEY_COLUMNS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d encrypted columns; 1 to %d are possible", columns,
						  PPDL_REKEY_COLUMNS);
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	(*out)->from = from;
	(*out)->to = to;
	(*out)->columns = columns;
	(*out)->put = put;
	(*out)->arg = arg;
	return PPDL_OK;
}

static void
group_free(Group *g)
{
	for (int c = 0; c < PPDL_REKEY_COLUMNS; c++)
	{
		ppdl_free_secret(g->x[c], g->bytes[c]);
		free(g->place[c]);
	}
	free(g->tag);
	free(g->has);
	memset(g, 0, sizeof(*g));
}

void
ppdl_rekeyer_destroy(PpdlRekeyer *r)
{
	if (r == NULL)
		return;
	for (int i = 0; i < GROUPS; i++)
		group_free(&r->group[i]);
	ppdl_manifest_keys_close(&r->old);
	ppdl_manifest_keys_free(r->new_key);
	free(r);
}

PpdlStatus
ppdl_rekeyer_manifests(PpdlRekeyer *r, const PpdlManifests *m, PpdlError *err)
{
	PPDL_TRY(ppdl_manifest_keys_open(&r->old, m, r->from, err));
	return ppdl_manifest_keys(r->new_key, m->manifest[0], r->to, err);
}

uint64_t
ppdl_rekeyer_loose(const PpdlRekeyer *r)
{
	return r->loose;
}

/* ------------------------------------------------------------------ forms */

/* where a row lies in its batch, in coefficients in the order of rows: the same for features and label of a row */
static uint32_t
place(const PpdlCipher *c)
{
	return ppdl_slice_index(c) << c->logk;
}

static PpdlStatus
read_seed(Said *said, const uint8_t *seed, PpdlError *err)
{
	if (said->known && memcmp(said->seed, seed, sizeof(said->seed)) == 0)
		return PPDL_OK;
	*said = (Said) {0};
	memcpy(said->seed, seed, sizeof(said->seed));
	PPDL_TRY(ppdl_encoding_of_seed(seed, &said->encoding, err));
	PPDL_TRY(ppdl_partner_named(seed, &said->named, err));
	said->known = 1;
	return PPDL_OK;
}

/* does the seed, which names features, name these?  PPDL_ERR_CRYPTO */
static PpdlStatus
names(Said *said, const uint8_t *features, int *yes, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;

	*yes = memcmp(said->features, features, sizeof(said->features)) == 0;
	if (*yes)
		return PPDL_OK;
	status = ppdl_partner_check(features, said->seed, err);
	*yes = status == PPDL_OK;
	if (*yes)
		memcpy(said->features, features, sizeof(said->features));
	return status == PPDL_ERR_ARGUMENT ? PPDL_OK : status;
}

static PpdlStatus
form_of(Form *form, Said *said, const PpdlCipher *c, PpdlError *err)
{
	const int	bits = (int) lrint(log2(c->scale));

	if (c->kind != PPDL_KIND_SLICE)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "only rows as their owner wrote them can be encrypted anew");
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "Results of operations, such as sums, are computed again from the new rows.");
	}
	if (ldexp(1, bits) != c->scale)
		return ppdl_error(err, PPDL_ERR_SCALE, "a row of scale %.17g, which is no power of two", c->scale);
	PPDL_TRY(read_seed(said, c->seed, err));
	*form = (Form) {.width = c->width, .logk = c->logk, .limbs = c->limbs, .scale_bits = bits, .logc = c->logc,
		.beside = -1, .ring = c->par->id, .encoding = said->encoding};
	return PPDL_OK;
}

/* the column of the features that value c of the row is a label of */
static PpdlStatus
find_features(PpdlRekeyer *r, Form *form, const PpdlCipher *value, int c, PpdlError *err)
{
	const int	named = r->said[c].named;

	if (form[c].encoding != 0)
		return PPDL_OK;
	for (int i = 0; i < r->columns; i++)
	{
		int			fits = i != c && form[i].width > 0 && value[i].par == value[c].par &&
			place(&value[i]) == place(&value[c]);

		if (named && fits)
			PPDL_TRY(names(&r->said[c], value[i].seed, &fits, err));
		if (fits && (named || i < c))
		{
			form[c].beside = i;
			return PPDL_OK;
		}
		/* without a name only the first column counts as features */
		if (!named && form[i].width > 0)
			break;
	}
	r->loose += (uint64_t) named;
	return PPDL_OK;
}

/* features of features there are none: a chain is cut at its first link */
static void
cut_chains(const PpdlRekeyer *r, Form *form)
{
	for (int c = 0; c < r->columns; c++)
		if (form[c].beside >= 0 && form[form[c].beside].beside >= 0)
			form[c].beside = -1;
}

static int
same_form(const Form *a, const Form *b)
{
	return a->width == b->width && a->limbs == b->limbs && a->scale_bits == b->scale_bits && a->ring == b->ring &&
		a->beside == b->beside && a->encoding == b->encoding && a->logc == b->logc && a->tagged == b->tagged;
}

/* the widest of the columns that lie side by side with column c */
static int
widest(const PpdlRekeyer *r, const Form *form, int c)
{
	const int	head = form[c].beside >= 0 ? form[c].beside : c;
	int			wide = head;

	for (int i = 0; i < r->columns; i++)
		if (form[i].width > 0 && form[i].beside == head && form[i].logk > form[wide].logk)
			wide = i;
	return wide;
}

/* rows that a batch of every column takes */
static int
capacity_of(const PpdlRekeyer *r, const Form *form)
{
	int			logc = 30;

	for (int c = 0; c < r->columns; c++)
		if (form[c].width > 0)
		{
			const Form *wide = &form[widest(r, form, c)];

			logc = wide->logc < logc ? wide->logc : logc;
		}
	return 1 << logc;
}

/* rows that the group takes when its form is this: what was allocated for its first form limits later ones */
static int
room_of(const PpdlRekeyer *r, const Group *g, const Form *form)
{
	const int	rows = capacity_of(r, form);

	return rows < g->capacity ? rows : g->capacity;
}

/* what the group's form becomes with one row more: 0 when it is another form, or there is no room */
static int
joined_form(const PpdlRekeyer *r, Form *out, const Group *g, const Form *form)
{
	memcpy(out, g->form, sizeof(g->form));
	for (int c = 0; c < r->columns; c++)
	{
		if (form[c].width > 0 && out[c].width > 0 && !same_form(&out[c], &form[c]))
			return 0;
		if (form[c].width > 0)
			out[c] = form[c];
	}
	return g->rows < room_of(r, g, out);
}

/* ------------------------------------------------------------------ batches out */

static PpdlStatus
column_options(const PpdlRekeyer *r, const Group *g, int c, PpdlBatchOptions *opt, PpdlError *err)
{
	const int	w = widest(r, g->form, c);
	const Form *wide = &g->form[w],
			   *form = &g->form[c];
	const PpdlParams *par;

	PPDL_TRY(ppdl_params_get(wide->ring, &par, err));
	*opt = (PpdlBatchOptions) {.limbs = wide->limbs, .scale_bits = wide->scale_bits, .logc = wide->logc,
		.ring = wide->ring};
	if (wide->logk != form->logk)
		*opt = ppdl_batch_beside(opt, par, wide->logk, form->logk);
	opt->limbs = form->limbs;
	opt->scale_bits = form->scale_bits;
	opt->encoding = form->encoding;
	return PPDL_OK;
}

/* the group's values of column c, encrypted; out: rows slices, malloc'ed */
static PpdlStatus
encrypt_column(PpdlRekeyer *r, const Group *g, int c, uint8_t *const *out, size_t *size, PpdlError *err)
{
	const Form *form = &g->form[c];
	const PpdlParams *par;
	PpdlBatchOptions opt;

	PPDL_TRY(column_options(r, g, c, &opt, err));
	PPDL_TRY(ppdl_params_get(form->ring, &par, err));
	if (form->beside >= 0)
		opt.features = ppdl_slice_seed(out[form->beside]);
	*size = ppdl_slice_size(par, form->limbs, form->logk);
	return ppdl_owner_encrypt(r->to, out[c], g->x[c], g->rows, form->width, &opt, err);
}

/* *out, rows slices of *size bytes, gets receipts */
static PpdlStatus
tag_column(PpdlRekeyer *r, const Group *g, int c, uint8_t **out, size_t *size, PpdlError *err)
{
	const size_t tagged = *size + ppdl_tag_bytes(g->form[c].limbs);
	uint8_t    *to = malloc((size_t) g->rows * tagged);
	PpdlStatus	status = to == NULL ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;

	for (int i = 0; i < g->rows && status == PPDL_OK; i++)
		/* rows without a value were encrypted all the same, and are not put */
		if (g->has[i] >> c & 1)
		{
			const PpdlRowNote note = ppdl_manifest_keys_note(&r->old, &g->place[c][i]);

			status = ppdl_receipt_tag_row(r->new_key[g->form[c].tagged - 1], to + (size_t) i * tagged,
										  *out + (size_t) i * *size, *size, &note, err);
		}
	if (status != PPDL_OK)
	{
		free(to);
		return status;
	}
	free(*out);
	*out = to;
	*size = tagged;
	return PPDL_OK;
}

static PpdlStatus
tag_columns(PpdlRekeyer *r, const Group *g, uint8_t **out, size_t *size, PpdlError *err)
{
	for (int c = 0; c < r->columns; c++)
		if (g->form[c].tagged)
			PPDL_TRY(tag_column(r, g, c, &out[c], &size[c], err));
	return PPDL_OK;
}

static PpdlStatus
encrypt_columns(PpdlRekeyer *r, const Group *g, uint8_t **out, size_t *size, PpdlError *err)
{
	/* features first: labels name their seeds */
	for (int label = 0; label < 2; label++)
		for (int c = 0; c < r->columns; c++)
		{
			const Form *form = &g->form[c];
			const PpdlParams *par;

			if (form->width == 0 || (form->beside >= 0) != label)
				continue;
			PPDL_TRY(ppdl_params_get(form->ring, &par, err));
			out[c] = malloc((size_t) g->rows * ppdl_slice_size(par, form->limbs, form->logk));
			if (out[c] == NULL)
				return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
			PPDL_TRY(encrypt_column(r, g, c, out, &size[c], err));
		}
	return PPDL_OK;
}

static PpdlStatus
put_rows(PpdlRekeyer *r, const Group *g, uint8_t *const *out, const size_t *size, PpdlError *err)
{
	PpdlRekeyValue value[PPDL_REKEY_COLUMNS];

	for (int i = 0; i < g->rows; i++)
	{
		for (int c = 0; c < r->columns; c++)
			value[c] = g->has[i] >> c & 1 ? (PpdlRekeyValue) {out[c] + (size_t) i * size[c], size[c]} :
				(PpdlRekeyValue) {NULL, 0};
		PPDL_TRY(r->put(r->arg, g->tag + (size_t) i * PPDL_REKEY_TAG, value, err));
	}
	return PPDL_OK;
}

/* the group is free afterwards */
static PpdlStatus
finish(PpdlRekeyer *r, Group *g, PpdlError *err)
{
	uint8_t    *out[PPDL_REKEY_COLUMNS] = {NULL};
	size_t		size[PPDL_REKEY_COLUMNS] = {0};
	PpdlStatus	status = PPDL_OK;

	if (g->rows > 0)
		status = encrypt_columns(r, g, out, size, err);
	if (g->rows > 0 && status == PPDL_OK)
		status = tag_columns(r, g, out, size, err);
	if (g->rows > 0 && status == PPDL_OK)
		status = put_rows(r, g, out, size, err);
	for (int c = 0; c < r->columns; c++)
		free(out[c]);
	group_free(g);
	return status;
}

PpdlStatus
ppdl_rekeyer_flush(PpdlRekeyer *r, PpdlError *err)
{
	for (int i = 0; i < GROUPS; i++)
		PPDL_TRY(finish(r, &r->group[i], err));
	return PPDL_OK;
}

/* ------------------------------------------------------------------ rows in */

/* the group that takes a row of this form, with its new form in *joined */
static PpdlStatus
find_group(PpdlRekeyer *r, const Form *form, Form *joined, Group **out, PpdlError *err)
{
	Group	   *oldest = &r->group[0];

	for (int i = 0; i < GROUPS; i++)
	{
		*out = &r->group[i];
		if ((*out)->rows > 0 && joined_form(r, joined, *out, form))
			return PPDL_OK;
		if ((*out)->used < oldest->used)
			oldest = *out;
	}
	*out = oldest;
	memcpy(joined, form, sizeof(oldest->form));
	return finish(r, oldest, err);
}

/* room for what the form says; the tags and masks of a new group are allocated here, too */
static PpdlStatus
make_room(const PpdlRekeyer *r, Group *g, const Form *joined, PpdlError *err)
{
	memcpy(g->form, joined, sizeof(g->form));
	if (g->tag == NULL)
	{
		g->capacity = capacity_of(r, joined);
		g->tag = malloc((size_t) g->capacity * PPDL_REKEY_TAG);
		g->has = calloc((size_t) g->capacity, sizeof(*g->has));
	}
	if (g->tag == NULL || g->has == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int c = 0; c < r->columns; c++)
	{
		if (joined[c].width == 0 || g->x[c] != NULL)
			continue;
		g->bytes[c] = (size_t) g->capacity * (size_t) joined[c].width * sizeof(double);
		g->x[c] = ppdl_alloc_aligned(g->bytes[c]);
		if (g->x[c] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		memset(g->x[c], 0, g->bytes[c]);
		if (joined[c].tagged && (g->place[c] = malloc((size_t) g->capacity * sizeof(g->place[c][0]))) == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

static PpdlStatus
decrypt_into(PpdlRekeyer *r, double *x, const PpdlRekeyValue *value, PpdlError *err)
{
	PpdlValues	v;

	PPDL_TRY(ppdl_owner_decrypt(r->from, &v, value->data, value->len, 0, err));
	/* noise may have led a little beyond what can be encrypted */
	for (int f = 0; f < v.width; f++)
		x[f] = fmax(-1, fmin(1, v.v[f]));
	ppdl_values_free(&v);
	return PPDL_OK;
}

static PpdlStatus
add(PpdlRekeyer *r, Group *g, const uint8_t *tag, const PpdlRekeyValue *value, const PpdlManifestPlace *place,
	PpdlError *err)
{
	const size_t row = (size_t) g->rows;

	g->used = ++r->clock;
	g->has[row] = 0;
	for (int c = 0; c < r->columns; c++)
	{
		if (value[c].data == NULL)
			continue;
		PPDL_TRY(decrypt_into(r, g->x[c] + row * (size_t) g->form[c].width, &value[c], err));
		g->has[row] |= UINT32_C(1) << c;
		if (g->form[c].tagged)
			g->place[c][row] = place[c];
	}
	memcpy(g->tag + row * PPDL_REKEY_TAG, tag, PPDL_REKEY_TAG);
	g->rows++;
	return g->rows == room_of(r, g, g->form) ? finish(r, g, err) : PPDL_OK;
}

/* the row of a manifest that a value with a receipt is, checked; nothing for one without */
static PpdlStatus
check_receipt(PpdlRekeyer *r, Form *form, PpdlManifestPlace *place, const PpdlCipher *c, const PpdlRekeyValue *value,
			  PpdlError *err)
{
	if (c->tags == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_manifest_keys_identify(&r->old, c, value->data, value->len, place, err));
	form->tagged = 1 + place->column;
	return PPDL_OK;
}

PpdlStatus
ppdl_rekeyer_add(PpdlRekeyer *r, const uint8_t tag[PPDL_REKEY_TAG], const PpdlRekeyValue *value, PpdlError *err)
{
	PpdlCipher	cipher[PPDL_REKEY_COLUMNS];
	Form		form[PPDL_REKEY_COLUMNS] = {{0}},
				joined[PPDL_REKEY_COLUMNS];
	PpdlManifestPlace place[PPDL_REKEY_COLUMNS];
	Group	   *g;
	int			any = 0;

	for (int c = 0; c < r->columns; c++)
		if (value[c].data != NULL)
		{
			PPDL_TRY(ppdl_cipher_parse(&cipher[c], value[c].data, value[c].len, err));
			PPDL_TRY(form_of(&form[c], &r->said[c], &cipher[c], err));
			PPDL_TRY(check_receipt(r, &form[c], &place[c], &cipher[c], &value[c], err));
			any = 1;
		}
	if (!any)
		return r->put(r->arg, tag, value, err);
	for (int c = 0; c < r->columns; c++)
		if (form[c].width > 0)
			PPDL_TRY(find_features(r, form, cipher, c, err));
	cut_chains(r, form);
	PPDL_TRY(find_group(r, form, joined, &g, err));
	PPDL_TRY(make_room(r, g, joined, err));
	return add(r, g, tag, value, place, err);
}

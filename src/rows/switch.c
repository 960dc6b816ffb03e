#include "rows/switch.h"

#include <string.h>

#include "ckks/switch_public.h"
#include "rows/cipher_read.h"
#include "rows/lift.h"
#include "rows/parts.h"
#include "rows/row.h"

/* ------------------------------------------------------------------ from the compact ring to the row ring */

/* out[stride*c] = in[c], all else zero */
static void
stretch(uint64_t *out, size_t n, const uint64_t *in, size_t from_n)
{
	memset(out, 0, n * sizeof(uint64_t));
	for (size_t c = 0; c < from_n; c++)
		out[n / from_n * c] = in[c];
}

/* X -> X^stretch of both halves of a ciphertext of one limb; in's domain is lost */
static PpdlStatus
embed(PpdlEval *ev, PpdlCt *out, PpdlCt *in, PpdlError *err)
{
	const PpdlRing *small = in->par->ring,
			   *large = ev->par->ring;
	uint64_t   *const half[2] = {in->b, in->a};

	PPDL_TRY(ppdl_ct_alloc(ev, out, 1, err));
	out->scale = in->scale;
	out->noise = in->noise;
	out->bound = in->bound;
	in->domain = PPDL_DOMAIN_COEFFS;
	for (int h = 0; h < 2; h++)
	{
		uint64_t   *to = h == 0 ? out->b : out->a;

		ppdl_intt(small, &small->mod[0], half[h]);
		stretch(to, large->n, half[h], small->n);
		ppdl_ntt(large, &large->mod[0], to);
	}
	return PPDL_OK;
}

/* c of the compact ring in the row ring, under its secret at X^8 */
static PpdlStatus
lift_compact(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, PpdlError *err)
{
	PpdlStatus	status;
	PpdlEval	small;
	PpdlCt		ct = {0};

	out->b = out->a = NULL;
	if (c->par->ring->mod[0].q != ev->par->ring->mod[0].q || c->par->n > ev->par->n)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "ring %s is no part of ring %s", c->par->name, ev->par->name);
	PPDL_TRY(ppdl_eval_init(&small, c->par, ev->pool, NULL, err));
	status = ppdl_lift_vector(&small, &ct, c, 1, err);
	if (status == PPDL_OK)
		status = embed(ev, out, &ct, err);
	ppdl_ct_release(&small, &ct);
	ppdl_eval_fini(&small);
	return status;
}

/* ------------------------------------------------------------------ key switches */

/* in place, with part `id` of that key */
static PpdlStatus
switch_with(PpdlEval *ev, PpdlCt *ct, uint32_t id, const uint8_t key[8], PpdlError *err)
{
	void	   *const arg = ev->get_key_arg;
	PpdlCt		in = *ct;
	PpdlStatus	status;

	ev->get_key_arg = (void *) (uintptr_t) key;
	status = ppdl_ct_switch_key(ev, ct, &in, id, err);
	ev->get_key_arg = arg;
	ppdl_ct_release(ev, &in);
	return status;
}

PpdlStatus
ppdl_switch_ct(PpdlEval *ev, PpdlCt *ct, const uint8_t from[8], PpdlError *err)
{
	return switch_with(ev, ct, ct->limbs > 2 ? PPDL_KEY_TO_OWNER_PACKED : PPDL_KEY_TO_OWNER, from, err);
}

PpdlStatus
ppdl_switch_vector(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, int limbs, const uint8_t to[8], PpdlError *err)
{
	const int	own = memcmp(c->fingerprint, to, PPDL_FINGERPRINT_BYTES) == 0;

	if (c->par != ev->par)
	{
		PPDL_TRY(lift_compact(ev, out, c, err));
		return switch_with(ev, out, own ? PPDL_KEY_BRIDGE_COMPACT : PPDL_KEY_TO_OWNER_COMPACT, c->fingerprint, err);
	}
	PPDL_TRY(ppdl_lift_vector(ev, out, c, limbs, err));
	return own ? PPDL_OK : ppdl_switch_ct(ev, out, c->fingerprint, err);
}

/* ------------------------------------------------------------------ values */

static PpdlStatus
switch_row(PpdlEval *ev, PpdlParts *out, const PpdlCipher *c, const uint8_t to[8], PpdlError *err)
{
	PpdlStatus	status;
	PpdlWriter	w;
	PpdlCipher	row;
	PpdlCt		ct = {0};

	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_switch_vector(ev, &ct, c, c->limbs, to, err));
	PPDL_GOTO(done, ppdl_row_write(&w, &ct, c->width, to, err));
	PPDL_GOTO(done, ppdl_cipher_parse_in(&row, ev->par, w.buf, w.len, err));
	row.encoding = c->encoding;
	status = ppdl_parts_add(out, &row, err);
done:
	ppdl_ct_release(ev, &ct);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_switch_value(PpdlEval *ev, PpdlWriter *w, const PpdlCipher *c, const uint8_t to[8], PpdlError *err)
{
	PpdlReader	parts = ppdl_reader(c->residues, c->residue_bytes);
	PpdlCipher	part = *c,
				like = *c;
	PpdlParts	result = {0};
	PpdlStatus	status = PPDL_OK;

	like.par = ev->par;
	memcpy(like.fingerprint, to, PPDL_FINGERPRINT_BYTES);
	for (uint32_t i = 0; i < (c->kind == PPDL_KIND_PARTS ? c->nparts : 1); i++)
	{
		if (c->kind == PPDL_KIND_PARTS)
			PPDL_GOTO(done, ppdl_cipher_next_part(&part, NULL, &parts, c, err));
		PPDL_GOTO(done, switch_row(ev, &result, &part, to, err));
	}
	status = ppdl_parts_write(w, &result, &like, err);
done:
	ppdl_parts_free(&result);
	return status;
}

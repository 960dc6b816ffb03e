#include "rows/packed_state.h"

#include <math.h>
#include <stdlib.h>

#include "ckks/verify.h"
#include "ckks/wire.h"
#include "rows/ordinals.h"
#include "rows/residues.h"

static size_t
places(const PpdlParams *par, int logk)
{
	return par->n >> logk;
}

void
ppdl_packed_save(PpdlWriter *w, const PpdlPacked *p)
{
	const PpdlParams *par = p->ct.par;

	if (par->np == 0)
		ppdl_write_bytes(w, p->fingerprint, sizeof(p->fingerprint));
	ppdl_write_u8(w, (uint8_t) p->ct.limbs);
	ppdl_write_f64(w, p->ct.scale);
	ppdl_write_f64(w, p->ct.noise);
	ppdl_write_f64(w, p->ct.bound);
	ppdl_write_u32(w, p->rows);
	for (size_t i = 0; i < places(par, p->logk); i++)
		ppdl_write_u32(w, p->ordinal[i]);
	ppdl_wire_put_limbs(w, par, p->ct.b, 0, p->ct.limbs);
	ppdl_wire_put_limbs(w, par, p->ct.a, 0, p->ct.limbs);
}

static PpdlStatus
malformed(PpdlError *err, const char *what)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "state has a packed ciphertext %s", what);
}

/* what a ciphertext says of itself must be possible: values of this bound at this scale fit its modulus */
static PpdlStatus
check_estimates(const PpdlCt *ct, const PpdlParams *par, PpdlError *err)
{
	double		q = ppdl_params_log2_q(par, ct->limbs);

	PPDL_TRY(ppdl_check_estimates(ct->scale, ct->noise, ct->bound, PPDL_ERR_FORMAT, err));
	if (log2(ct->scale) + log2(ct->bound) >= q || ct->noise >= exp2(q))
		return malformed(err, "whose values do not fit its modulus");
	return PPDL_OK;
}

static PpdlStatus
load_ordinals(PpdlPacked *p, const PpdlParams *par, PpdlReader *r, PpdlError *err)
{
	const size_t n = places(par, p->logk);
	uint32_t	seen = 0;

	if (r->bad || ppdl_reader_left(r) < n * sizeof(uint32_t))
		return malformed(err, "that is cut off");
	p->ordinal = malloc(n * sizeof(uint32_t));
	if (p->ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
	{
		p->ordinal[i] = ppdl_read_u32(r);
		seen += p->ordinal[i] != PPDL_NO_PLACE;
	}
	return seen > 0 && seen == p->rows ? PPDL_OK : malformed(err, "that miscounts its rows");
}

static PpdlStatus
load(PpdlPacked *p, PpdlEval *ev, PpdlReader *r, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	PpdlCt		head = {.limbs = ppdl_read_u8(r)};

	head.scale = ppdl_read_f64(r);
	head.noise = ppdl_read_f64(r);
	head.bound = ppdl_read_f64(r);
	p->rows = ppdl_read_u32(r);
	if (r->bad || head.limbs < 1 || head.limbs > par->nq)
		return malformed(err, "of an impossible number of limbs");
	PPDL_TRY(check_estimates(&head, par, err));
	PPDL_TRY(load_ordinals(p, par, r, err));
	if (ppdl_reader_left(r) < 2 * ppdl_residues_size(par, head.limbs, par->n))
		return malformed(err, "that is cut off");
	PPDL_TRY(ppdl_ct_alloc(ev, &p->ct, head.limbs, err));
	p->ct.scale = head.scale;
	p->ct.noise = head.noise;
	p->ct.bound = head.bound;
	PPDL_TRY(ppdl_wire_get_limbs(r, par, p->ct.b, 0, head.limbs, err));
	return ppdl_wire_get_limbs(r, par, p->ct.a, 0, head.limbs, err);
}

PpdlStatus
ppdl_packed_load(PpdlPacked *p, PpdlEval *ev, PpdlReader *r, const PpdlCipher *shape, int width, PpdlError *err)
{
	const uint8_t *key;
	PpdlStatus	status;

	memset(p, 0, sizeof(*p));
	p->width = width;
	p->logk = shape->logk;
	memcpy(p->fingerprint, shape->fingerprint, sizeof(p->fingerprint));
	if (ev->par->np == 0 && (key = ppdl_read_bytes(r, sizeof(p->fingerprint))) != NULL)
		memcpy(p->fingerprint, key, sizeof(p->fingerprint));
	status = load(p, ev, r, err);
	if (status != PPDL_OK)
		ppdl_packed_release(ev, p);
	return status;
}

PpdlStatus
ppdl_packed_copy(PpdlPacked *to, PpdlEval *ev, const PpdlPacked *from, uint32_t offset, PpdlError *err)
{
	const size_t n = places(from->ct.par, from->logk);
	PpdlStatus	status;

	*to = *from;
	memset(&to->ct, 0, sizeof(to->ct));
	to->ordinal = malloc(n * sizeof(uint32_t));
	if (to->ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		to->ordinal[i] = from->ordinal[i] == PPDL_NO_PLACE ? PPDL_NO_PLACE : from->ordinal[i] + offset;
	status = ppdl_ct_copy(ev, &to->ct, &from->ct, from->ct.limbs, err);
	if (status != PPDL_OK)
		ppdl_packed_release(ev, to);
	return status;
}

PpdlStatus
ppdl_packed_mark(const PpdlPacked *p, uint8_t *bits, uint32_t n, PpdlError *err)
{
	for (size_t i = 0; i < places(p->ct.par, p->logk); i++)
		if (p->ordinal[i] != PPDL_NO_PLACE)
			PPDL_TRY(ppdl_ordinal_mark(bits, n, p->ordinal[i], err));
	return PPDL_OK;
}

size_t
ppdl_packed_memory(const PpdlPacked *p)
{
	return p->ct.par == NULL ? 0 :
		places(p->ct.par, p->logk) * sizeof(uint32_t) + 2 * (size_t) p->ct.limbs * p->ct.par->n * sizeof(uint64_t);
}

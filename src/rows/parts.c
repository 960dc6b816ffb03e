#include "rows/parts.h"

#include "rows/cipher_write.h"

void
ppdl_parts_free(PpdlParts *p)
{
	ppdl_writer_free(&p->rows);
	memset(p, 0, sizeof(*p));
}

PpdlStatus
ppdl_parts_add(PpdlParts *p, const PpdlCipher *row, PpdlError *err)
{
	if (p->count == PPDL_MAX_PARTS)
	{
		ppdl_error(err, PPDL_ERR_RANGE, "result of more than %d parts", PPDL_MAX_PARTS);
		return ppdl_error_hint(err, PPDL_ERR_RANGE,
							   "Sum smaller groups, or rows encrypted with more limbs or a smaller scale.");
	}
	PPDL_TRY(ppdl_cipher_put_header(&p->rows, row, err));
	if (row->residues != NULL)
		ppdl_write_bytes(&p->rows, row->residues, row->residue_bytes);
	if (p->count++ == 0)
	{
		p->limbs = row->limbs;
		p->scale = row->scale;
	}
	if (row->limbs < p->limbs)
		p->limbs = row->limbs;
	p->error += row->noise / row->scale;
	p->bound += row->bound;
	return p->rows.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_parts_write(PpdlWriter *w, const PpdlParts *p, const PpdlCipher *like, PpdlError *err)
{
	PpdlCipher	all = {.par = like->par, .kind = PPDL_KIND_PARTS, .limbs = p->limbs, .width = like->width,
		.logk = like->logk, .scale = p->scale, .noise = p->error * p->scale, .bound = p->bound, .nparts = p->count};

	memcpy(all.fingerprint, like->fingerprint, PPDL_FINGERPRINT_BYTES);
	if (p->count > 1)
		PPDL_TRY(ppdl_cipher_put_header(w, &all, err));
	ppdl_write_bytes(w, p->rows.buf, p->rows.len);
	return w->bad || p->rows.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

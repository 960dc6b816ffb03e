#include "ring/random.h"

#include "ring/stream.h"
#include "ring/vec.h"

/* the next word below `bound` from the stream */
static PpdlStatus
next_below(PpdlStream *s, uint64_t bound, uint64_t *out, PpdlError *err)
{
	do
		PPDL_TRY(ppdl_stream_read(s, out, sizeof(*out), err));
	while (*out >= bound);
	return PPDL_OK;
}

static PpdlStatus
fill(PpdlStream *s, const PpdlModulus *m, uint64_t *out, size_t n, PpdlError *err)
{
	const uint64_t bound = m->recip * m->q;

	PPDL_TRY(ppdl_stream_read(s, out, n * sizeof(uint64_t), err));
	for (size_t i = 0; i < n; i++)
		if (__builtin_expect(out[i] >= bound, 0))
			PPDL_TRY(next_below(s, bound, &out[i], err));
	ppdl_vec_reduce(m, out, out, n);
	return PPDL_OK;
}

PpdlStatus
ppdl_xof_uniform(const PpdlModulus *m, uint64_t *out, size_t n, const uint8_t seed[PPDL_SEED_BYTES],
				 PpdlXofDomain domain, uint16_t index, PpdlError *err)
{
	PpdlStream *s;
	PpdlStatus	status;

	PPDL_TRY(ppdl_stream_open(&s, seed, domain, index, m->q, err));
	status = fill(s, m, out, n, err);
	ppdl_stream_close(s);
	return status;
}

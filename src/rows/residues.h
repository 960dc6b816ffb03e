/*
 * Bit-packed residues inside the wire forms of this floor.
 */
#ifndef PPDL_ROWS_RESIDUES_H
#define PPDL_ROWS_RESIDUES_H

#include "base/bytes.h"
#include "ckks/params.h"

/* bytes of n residues modulo each of the lowest `limbs` primes, each limb padded to a byte */
size_t		ppdl_residues_size(const PpdlParams *par, int limbs, size_t n);

/* n packed residues of one limb -> out, n words; PPDL_ERR_FORMAT unless all are below the modulus */
PpdlStatus	ppdl_residues_get(const PpdlModulus *m, uint64_t *out, const uint8_t *src, size_t n, PpdlError *err);

/* appends n reduced residues; w->bad when out of memory */
void		ppdl_residues_put(PpdlWriter *w, const PpdlModulus *m, const uint64_t *v, size_t n);

#endif

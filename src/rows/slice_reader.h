/*
 * Decryption of single slices, with what all slices of a batch share computed once: A*s, expanded from the batch's
 * seed.
 */
#ifndef PPDL_ROWS_SLICE_READER_H
#define PPDL_ROWS_SLICE_READER_H

#include "rows/decrypt.h"

/* batches whose A*s is kept: rows of a few columns come in turn */
#define PPDL_SLICE_READER_BATCHES 8

typedef struct PpdlSliceReader PpdlSliceReader;

/* sk must outlive the reader */
PpdlStatus	ppdl_slice_reader_create(PpdlSliceReader **out, const PpdlSecret *sk, PpdlError *err);
void		ppdl_slice_reader_destroy(PpdlSliceReader *r);	/* wipes */

/* c: a slice of the secret's ring.  Values, error and refusals as of ppdl_cipher_decrypt. */
PpdlStatus	ppdl_slice_reader_decrypt(PpdlSliceReader *r, PpdlValues *out, const PpdlCipher *c, PpdlError *err);

#endif

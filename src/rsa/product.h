/*
 * Products of ciphertexts: c1·c2 mod n encrypts m1·m2, c^w encrypts m^w.  Bounds
 * add up (times w for a power); a number that could reach n is refused, so what
 * decrypts is exact.
 */
#ifndef PPDL_RSA_PRODUCT_H
#define PPDL_RSA_PRODUCT_H

#include "rsa/cipher.h"

/* A running product under one key. Belongs to one thread. */
typedef struct PpdlRsaProduct PpdlRsaProduct;

typedef enum PpdlRsaOverflow
{
	PPDL_RSA_REFUSE,			/* PPDL_ERR_RANGE where n does not suffice */
	PPDL_RSA_NEW_PART			/* exponent encoding: go on in a further part */
} PpdlRsaOverflow;

/* An empty product; keeps a reference to pub, which must outlive it. */
PpdlStatus	ppdl_rsa_product_create(PpdlRsaProduct **out, const PpdlRsaPublic *pub,
									PpdlRsaEncoding encoding, PpdlRsaOverflow overflow,
									PpdlError *err);
void		ppdl_rsa_product_free(PpdlRsaProduct *product); /* NULL is allowed */

/*
 * Multiplies a value in.  It is checked in full: key, encoding, same step as the
 * others, c < n.  After an error the product is as before, except that a value
 * of several parts may have been taken in halfway: throw the product away.
 */
PpdlStatus	ppdl_rsa_product_times(PpdlRsaProduct *product, const PpdlRsaView *view, PpdlError *err);

/* values multiplied in so far */
uint64_t	ppdl_rsa_product_count(const PpdlRsaProduct *product);
/* bytes of the wire form, and the wire form; an empty product is an error */
size_t		ppdl_rsa_product_size(const PpdlRsaProduct *product);
PpdlStatus	ppdl_rsa_product_write(const PpdlRsaProduct *product, PpdlWriter *out, PpdlError *err);

/* a·b as one value of one part; an error when it could wrap */
PpdlStatus	ppdl_rsa_multiply(const PpdlRsaPublic *pub, const PpdlRsaView *a, const PpdlRsaView *b,
							  PpdlWriter *out, PpdlError *err);
/* view^w, 0 <= w: in the product encoding m^w, in the exponent encoding w times the value */
PpdlStatus	ppdl_rsa_power(const PpdlRsaPublic *pub, const PpdlRsaView *view, int64_t w,
						   PpdlWriter *out, PpdlError *err);

#endif

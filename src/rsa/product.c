#include "rsa/product.h"

#include <stdlib.h>

#include "rsa/cipher_private.h"
#include "rsa/error.h"
#include "rsa/key_private.h"
#include "rsa/parts.h"

struct PpdlRsaProduct
{
	const PpdlRsaPublic *pub;
	PpdlRsaEncoding encoding;
	PpdlRsaOverflow overflow;
	uint64_t	count;
	uint8_t		flags;
	PpdlRsaGrid grid;			/* of the product so far */
	PpdlRsaParts parts;
};

PpdlStatus
ppdl_rsa_product_create(PpdlRsaProduct **out, const PpdlRsaPublic *pub, PpdlRsaEncoding encoding,
						PpdlRsaOverflow overflow, PpdlError *err)
{
	PpdlRsaProduct *product = calloc(1, sizeof(*product));
	PpdlStatus	status;

	*out = NULL;
	if (product == NULL)
		return ppdl_rsa_nomem(err);
	product->pub = pub;
	product->encoding = encoding;
	product->overflow = encoding == PPDL_RSA_EXPONENT ? overflow : PPDL_RSA_REFUSE;
	product->grid.step = 1;
	status = ppdl_rsa_parts_init(&product->parts, pub, err);
	if (status != PPDL_OK)
		ppdl_rsa_product_free(product);
	else
		*out = product;
	return status;
}

void
ppdl_rsa_product_free(PpdlRsaProduct *product)
{
	if (product == NULL)
		return;
	ppdl_rsa_parts_free(&product->parts);
	free(product);
}

uint64_t
ppdl_rsa_product_count(const PpdlRsaProduct *product)
{
	return product->count;
}

/* the grid of the sum of two values; out may be a */
static PpdlStatus
add_grids(PpdlRsaGrid *out, const PpdlRsaGrid *a, const PpdlRsaGrid *b, PpdlError *err)
{
	int64_t		offset = a->offset + b->offset; /* each within 2^52 */

	if (a->step != b->step)
	{
		ppdl_error(err, PPDL_ERR_SCALE,
				   "rsa_ciphers of different scales do not add up: steps of %.15g and %.15g", a->step, b->step);
		return ppdl_error_hint(err, PPDL_ERR_SCALE, "Encrypt all values of a column with the same number of bits.");
	}
	if (b->max > UINT32_MAX - a->max ||
		offset > PPDL_RSA_MAX_OFFSET || offset < -PPDL_RSA_MAX_OFFSET)
		return ppdl_error(err, PPDL_ERR_RANGE, "sum could exceed 2^32 units of its scale");
	out->step = a->step;
	out->offset = offset;
	out->max = a->max + b->max;
	return PPDL_OK;
}

static PpdlStatus
check_encoding(PpdlRsaEncoding expected, const PpdlRsaView *view, PpdlError *err)
{
	if (view->kind != PPDL_RSA_VALUE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rsa_cipher is a prediction: predictions are only decrypted");
	if (view->encoding != expected)
		return ppdl_error(err, PPDL_ERR_SCALE, "rsa_cipher is in the %s encoding where the %s encoding is needed",
						  ppdl_rsa_encoding_name(view->encoding), ppdl_rsa_encoding_name(expected));
	return PPDL_OK;
}

static PpdlStatus
could_wrap(const PpdlRsaPublic *pub, uint64_t bound, PpdlRsaEncoding encoding, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_RANGE,
			   "result could wrap: it may need %.1f bits, and the modulus of key %s holds %d",
			   (double) bound / 65536.0, pub->key_id, pub->bits - 1);
	return ppdl_error_hint(err, PPDL_ERR_RANGE, encoding == PPDL_RSA_PRODUCT ?
						   "Encrypt with a smaller largest value, multiply fewer values, or use a larger key." :
						   "rsa_sum goes on in further parts where one modulus does not suffice; "
						   "smaller weights and larger keys help, too.");
}

PpdlStatus
ppdl_rsa_product_times(PpdlRsaProduct *product, const PpdlRsaView *view, PpdlError *err)
{
	const PpdlRsaPublic *pub = product->pub;
	PpdlRsaGrid grid = view->grid;
	PpdlRsaScratch scratch;

	PPDL_TRY(ppdl_rsa_view_check_key(view, pub, err));
	PPDL_TRY(check_encoding(product->encoding, view, err));
	if (product->encoding == PPDL_RSA_EXPONENT && product->count > 0)
		PPDL_TRY(add_grids(&grid, &product->grid, &view->grid, err));
	for (uint32_t i = 0; i < view->parts; i++)
	{
		const uint8_t *part = ppdl_rsa_view_part(view, i);
		uint32_t	bound = ppdl_rsa_part_bound(part);

		PPDL_TRY(ppdl_rsa_part_limbs(scratch.operand, view, part, pub, err));
		if (product->overflow == PPDL_RSA_REFUSE && bound > pub->capacity - product->parts.bound)
			return could_wrap(pub, (uint64_t) bound + product->parts.bound, product->encoding, err);
		PPDL_TRY(ppdl_rsa_parts_times(&product->parts, scratch.operand, bound, pub, &scratch, err));
	}
	product->grid = grid;
	product->flags |= view->flags;
	product->count++;
	return PPDL_OK;
}

size_t
ppdl_rsa_product_size(const PpdlRsaProduct *product)
{
	return PPDL_RSA_HEADER_BYTES +
		ppdl_rsa_parts_count(&product->parts) * (4 + product->pub->bytes);
}

PpdlStatus
ppdl_rsa_product_write(const PpdlRsaProduct *product, PpdlWriter *out, PpdlError *err)
{
	PpdlRsaView head = {
		.kind = PPDL_RSA_VALUE, .encoding = product->encoding, .flags = product->flags,
		.parts = ppdl_rsa_parts_count(&product->parts), .grid = product->grid
	};

	if (product->count == 0)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "an empty RSA product has no value");
	ppdl_rsa_write_header(out, &head, product->pub);
	ppdl_rsa_parts_write(&product->parts, product->pub, out);
	return out->bad ? ppdl_rsa_nomem(err) : PPDL_OK;
}

PpdlStatus
ppdl_rsa_multiply(const PpdlRsaPublic *pub, const PpdlRsaView *a, const PpdlRsaView *b,
				  PpdlWriter *out, PpdlError *err)
{
	PpdlRsaProduct *product;
	PpdlStatus	status;

	PPDL_TRY(ppdl_rsa_product_create(&product, pub, a->encoding, PPDL_RSA_REFUSE, err));
	PPDL_GOTO(done, ppdl_rsa_product_times(product, a, err));
	PPDL_GOTO(done, ppdl_rsa_product_times(product, b, err));
	status = ppdl_rsa_product_write(product, out, err);
done:
	ppdl_rsa_product_free(product);
	return status;
}

/* appends bound·w and c^w; the caller has checked the part */
static PpdlStatus
write_power(const PpdlRsaPublic *pub, const PpdlRsaView *view, const uint8_t *part, uint32_t w,
			PpdlWriter *out, PpdlError *err)
{
	mp_limb_t	limb[PPDL_RSA_MAX_BITS / GMP_LIMB_BITS];
	mpz_t		base,
				modulus,
				result;
	uint8_t    *be;

	PPDL_TRY(ppdl_rsa_part_limbs(limb, view, part, pub, err));
	ppdl_write_u32(out, ppdl_rsa_part_bound(part) * w);
	be = ppdl_write_space(out, pub->bytes);
	if (be == NULL)
		return ppdl_rsa_nomem(err);
	mpz_init(result);
	mpz_powm_ui(result, mpz_roinit_n(base, limb, (mp_size_t) pub->limbs), w,
				mpz_roinit_n(modulus, pub->n, (mp_size_t) pub->limbs));
	memset(limb, 0, sizeof(limb));
	mpn_copyi(limb, mpz_limbs_read(result), (mp_size_t) mpz_size(result));
	mpz_clear(result);
	ppdl_rsa_limbs_to_be(be, pub->bytes, limb);
	return PPDL_OK;
}

static PpdlStatus
power_grid(PpdlRsaGrid *grid, const PpdlRsaView *view, uint32_t w, PpdlError *err)
{
	int64_t		offset = view->grid.offset;

	*grid = view->grid;
	if (view->encoding == PPDL_RSA_PRODUCT || w == 1)
		return PPDL_OK;
	if (w > 0 && (view->grid.max > UINT32_MAX / w ||
				  offset > PPDL_RSA_MAX_OFFSET / w || offset < -PPDL_RSA_MAX_OFFSET / w))
		return ppdl_error(err, PPDL_ERR_RANGE, "%u times the value could exceed 2^32 units of its scale", w);
	grid->max *= w;
	grid->offset *= w;
	return PPDL_OK;
}

PpdlStatus
ppdl_rsa_power(const PpdlRsaPublic *pub, const PpdlRsaView *view, int64_t w, PpdlWriter *out,
			   PpdlError *err)
{
	PpdlRsaView head = *view;
	size_t		start = out->len;
	uint32_t	bound = 0;
	PpdlStatus	status;

	PPDL_TRY(ppdl_rsa_view_check_key(view, pub, err));
	if (view->kind != PPDL_RSA_VALUE)
		return check_encoding(view->encoding, view, err);
	if (w < 0)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "rsa_cipher cannot be raised to the negative power %lld", (long long) w);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "Keep positive and negative weights in two sums and subtract after decryption.");
	}
	bound = ppdl_rsa_view_bound(view);
	if (bound > 0 && (uint64_t) w > pub->capacity / bound)
		return could_wrap(pub, (uint64_t) w > UINT32_MAX ? UINT64_MAX : (uint64_t) w * bound, view->encoding, err);
	if (w > UINT32_MAX)			/* of the number one */
		return ppdl_error(err, PPDL_ERR_RANGE, "rsa_cipher cannot be raised to a power beyond 2^32");
	PPDL_TRY(power_grid(&head.grid, view, (uint32_t) w, err));
	ppdl_rsa_write_header(out, &head, pub);
	for (uint32_t i = 0; i < view->parts; i++)
		PPDL_GOTO(failed, write_power(pub, view, ppdl_rsa_view_part(view, i), (uint32_t) w, out, err));
	return PPDL_OK;
failed:
	out->len = start;
	return status;
}

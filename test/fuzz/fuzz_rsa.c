/* RSA values, predictions and the texts that become values. */
#include "fuzz.h"

#include <math.h>

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "net/rsa_net.h"
#include "rsa/rsa.h"

#define FEW_PARTS 4				/* private operations take milliseconds */

static const PpdlRsaKey *
test_key(void)
{
	static PpdlRsaKey *key;

	if (key == NULL)
		OK(ppdl_rsa_key_load(&key, "test/data/rsa-test.key", "test-only", ERR));
	return key;
}

static const PpdlRsaPublic *
test_public(void)
{
	static PpdlRsaPublic *pub;

	if (pub == NULL)
		OK(ppdl_rsa_public_load(&pub, "test/data/rsa-test.pub", ERR));
	return pub;
}

/* a product of values is a value that can be read again */
static void
multiply(const PpdlRsaView *view)
{
	PpdlRsaProduct *product;
	PpdlRsaView again;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_product_create(&product, test_public(), view->encoding, view->encoding == PPDL_RSA_EXPONENT ?
							   PPDL_RSA_NEW_PART : PPDL_RSA_REFUSE, ERR));
	if (ppdl_rsa_product_times(product, view, ERR) == PPDL_OK && ppdl_rsa_product_times(product, view, ERR) == PPDL_OK)
	{
		OK(ppdl_rsa_product_write(product, &w, ERR));
		must(w.len == ppdl_rsa_product_size(product));
		OK(ppdl_rsa_view(&again, w.buf, w.len, ERR));
		OK(ppdl_rsa_view_check(&again, test_public(), ERR));
		w.len = 0;
	}
	ppdl_rsa_product_free(product);
	ppdl_rsa_multiply(test_public(), view, view, &w, ERR);
	w.len = 0;
	ppdl_rsa_power(test_public(), view, 3, &w, ERR);
	ppdl_writer_free(&w);
}

static void
decrypt(const PpdlRsaView *view)
{
	PpdlRsaPlain plain;
	char	   *text;

	if (ppdl_rsa_decrypt(test_key(), view, &plain, ERR) != PPDL_OK)
		return;
	OK(ppdl_rsa_plain_text(&plain, &text, ERR));
	free(text);
	ppdl_rsa_plain_free(&plain);
}

static void
value(const uint8_t *data, size_t len)
{
	PpdlRsaView view,
				head;

	if (ppdl_rsa_view(&view, data, len, ERR) != PPDL_OK)
		return;
	OK(ppdl_rsa_view_header(&head, data, len, ERR));
	must(head.kind == view.kind && head.parts == view.parts);
	if (ppdl_rsa_view_check(&view, test_public(), ERR) != PPDL_OK || view.kind != PPDL_RSA_VALUE)
		return;
	multiply(&view);
	if (view.parts <= FEW_PARTS)
		decrypt(&view);
}

static void
value_seeds(void)
{
	PpdlRsaGrid grid;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_integer(test_public(), "42", NULL, &w, ERR));
	put_writer_seed(&w);
	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_count(test_public(), 3, 255, PPDL_RSA_RANDOM_BITS, &w, ERR));
	put_writer_seed(&w);
	ppdl_writer_init(&w);
	OK(ppdl_rsa_input_grid(&grid, 4, ERR));
	OK(ppdl_rsa_encrypt_on_grid(test_public(), -0.5, &grid, 0, &w, ERR));
	put_writer_seed(&w);
}

/* what the server stores and appends to, and what the owner opens */
static void
prediction(const uint8_t *data, size_t len)
{
	PpdlRsaView view;
	PpdlRsaPredictionView v;
	PpdlRsaPrediction *p;
	PpdlRsaOutputs out;
	PpdlWriter	w;

	if (ppdl_rsa_view(&view, data, len, ERR) != PPDL_OK || view.kind != PPDL_RSA_PREDICTION ||
		ppdl_rsa_prediction_view(&v, &view, ERR) != PPDL_OK)
		return;
	if (ppdl_rsa_prediction_load(&p, test_public(), 3, &view, ERR) == PPDL_OK)
	{
		ppdl_writer_init(&w);
		ppdl_rsa_prediction_append(p, &view, ERR);
		if (ppdl_rsa_prediction_write(p, &w, ERR) == PPDL_OK)
			must(w.len == ppdl_rsa_prediction_size(p) && ppdl_rsa_view(&view, w.buf, w.len, ERR) == PPDL_OK);
		ppdl_rsa_prediction_free(p);
		ppdl_writer_free(&w);
		OK(ppdl_rsa_view(&view, data, len, ERR));
	}
	if (v.sums_len > 2 * FEW_PARTS * ppdl_rsa_part_bytes(&view) || v.rows > 100)
		return;
	if (ppdl_rsa_net_decrypt(&out, test_key(), &view, NULL, NULL, NULL, ERR) == PPDL_OK)
		free(out.value);
}

static void
prediction_seeds(void)
{
	static const double weight[] = {0.5, -1, 0.25, 1, 0.5, 0.1, 0.2, -0.3, 0.7};
	PpdlRsaGrid grid[2];
	PpdlRsaView input[2];
	PpdlWriter	x[2],
				w;
	PpdlNet    *net;
	PpdlRsaLayer *layer;
	PpdlRsaPrediction *p;
	PpdlRsaPredictor *predictor;

	OK(ppdl_net_parse(&net, "{\"inputs\":2,\"layers\":[{\"units\":2,\"activation\":\"quadratic\"},{\"units\":1}]}",
					  ERR));
	OK(ppdl_net_set_weights(net, weight, ppdl_net_weight_count(net), ERR));
	for (int i = 0; i < 2; i++)
	{
		OK(ppdl_rsa_input_grid(&grid[i], 2, ERR));
		ppdl_writer_init(&x[i]);
		OK(ppdl_rsa_encrypt_on_grid(test_public(), i == 0 ? 1 : -1, &grid[i], 0, &x[i], ERR));
		OK(ppdl_rsa_view(&input[i], x[i].buf, x[i].len, ERR));
	}
	OK(ppdl_rsa_net_layer(&layer, net, grid, 2, ERR));
	OK(ppdl_rsa_net_prediction(&p, test_public(), net, layer, ERR));
	OK(ppdl_rsa_prediction_add_nulls(p, 2, ERR));
	OK(ppdl_rsa_predictor_create(&predictor, test_public(), layer, ERR));
	OK(ppdl_rsa_predictor_add(predictor, p, input, 2, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_rsa_prediction_write(p, &w, ERR));
	put_writer_seed(&w);
	ppdl_rsa_predictor_free(predictor);
	ppdl_rsa_prediction_free(p);
	ppdl_rsa_layer_free(layer);
	ppdl_net_destroy(net);
	for (int i = 0; i < 2; i++)
		ppdl_writer_free(&x[i]);
}

/* decimal texts, as the tool and SQL take them */
static void
decimal(const uint8_t *data, size_t len)
{
	char	   *text = text_of(data, len);
	uint32_t	q;
	PpdlRsaView view;
	PpdlWriter	w;

	ppdl_rsa_parse_count(&q, text, "count", ERR);
	ppdl_writer_init(&w);
	if (ppdl_rsa_encrypt_integer(test_public(), text, NULL, &w, ERR) == PPDL_OK)
		OK(ppdl_rsa_view(&view, w.buf, w.len, ERR));
	w.len = 0;
	if (ppdl_rsa_encrypt_integer(test_public(), "7", text, &w, ERR) == PPDL_OK)
		OK(ppdl_rsa_view(&view, w.buf, w.len, ERR));
	ppdl_writer_free(&w);
	free(text);
}

static void
decimal_seeds(void)
{
	put_text_seed("42");
	put_text_seed("42.00");
	put_text_seed("123456789012345678901234567890");
	put_text_seed("-1");
}

/* ---- private key files ---- */

#define PASSPHRASE "fuzz"
#define FEW_ITERATIONS 1000

/* what a key that was taken is good for */
static void
use_key(PpdlRsaKey *key)
{
	const PpdlRsaPublic *pub = ppdl_rsa_key_public(key);
	uint8_t    *m = calloc(1, pub->bytes),
			   *c = malloc(pub->bytes),
			   *again = malloc(pub->bytes);

	m[pub->bytes - 1] = 2;
	OK(ppdl_rsa_raw_public(pub, m, c, ERR));
	OK(ppdl_rsa_raw_private(key, c, again, ERR));
	must(memcmp(m, again, pub->bytes) == 0);
	free(m);
	free(c);
	free(again);
	ppdl_rsa_key_free(key);
}

static int
at_most(const ASN1_INTEGER *v, uint64_t limit)
{
	uint64_t	value;

	return v == NULL || ASN1_INTEGER_get_uint64(&value, v) != 1 || value <= limit;
}

/* whoever writes a key file may ask for costly key derivation, up to a bound; that takes its time, by design */
static int
is_costly(const X509_SIG *sealed)
{
	const X509_ALGOR *algorithm;
	PBE2PARAM  *pbe;
	int			costly = 0;

	X509_SIG_get0(sealed, &algorithm, NULL);
	if (OBJ_obj2nid(algorithm->algorithm) != NID_pbes2)
	{
		PBEPARAM   *old = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);

		costly = old != NULL && !at_most(old->iter, FEW_ITERATIONS);
		PBEPARAM_free(old);
		return costly;
	}
	pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
	if (pbe != NULL && pbe->keyfunc != NULL)
	{
		SCRYPT_PARAMS *s = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), pbe->keyfunc->parameter);
		PBKDF2PARAM *k = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), pbe->keyfunc->parameter);

		costly = (s != NULL && !(at_most(s->costParameter, 16) && at_most(s->blockSize, 8) &&
								 at_most(s->parallelizationParameter, 8))) ||
			(k != NULL && !at_most(k->iter, FEW_ITERATIONS));
		SCRYPT_PARAMS_free(s);
		PBKDF2PARAM_free(k);
	}
	PBE2PARAM_free(pbe);
	return costly;
}

static void
private_pem(const uint8_t *data, size_t len)
{
	BIO		   *bio = BIO_new_mem_buf(data, (int) len);
	X509_SIG   *sealed = PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);
	int			costly = sealed != NULL && is_costly(sealed);
	PpdlRsaKey *key;

	X509_SIG_free(sealed);
	BIO_free(bio);
	ERR_clear_error();
	ppdl_rsa_key_check_pem(data, len, ERR);
	if (!costly && ppdl_rsa_key_from_pem(&key, data, len, PASSPHRASE, ERR) == PPDL_OK)
	{
		must(ppdl_rsa_key_check_pem(data, len, ERR) == PPDL_OK);
		use_key(key);
	}
}

/* a private key under a passphrase that hardly protects it: by PBKDF2, or scrypt */
static BIO *
sealed_pem(PKCS8_PRIV_KEY_INFO *p8, int scrypt)
{
	BIO		   *bio = BIO_new(BIO_s_mem());
	X509_ALGOR *algorithm = scrypt ? PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 2, 1,
														   1) : PKCS5_pbe2_set(EVP_aes_256_cbc(), 1, NULL, 0);
	X509_SIG   *sealed = PKCS8_set0_pbe(PASSPHRASE, (int) strlen(PASSPHRASE), p8, algorithm);

	must(sealed != NULL && PEM_write_bio_PKCS8(bio, sealed) == 1);
	X509_SIG_free(sealed);
	return bio;
}

/* what lies under the passphrase */
static void
private_der(const uint8_t *data, size_t len)
{
	const unsigned char *p = data;
	PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long) len);
	PpdlRsaKey *key;
	BIO		   *bio;
	char	   *pem;
	long		n;

	ERR_clear_error();
	if (p8 == NULL)
		return;
	bio = sealed_pem(p8, 0);
	n = BIO_get_mem_data(bio, &pem);
	if (ppdl_rsa_key_from_pem(&key, pem, (size_t) n, PASSPHRASE, ERR) == PPDL_OK)
		use_key(key);
	BIO_free(bio);
	PKCS8_PRIV_KEY_INFO_free(p8);
}

static PKCS8_PRIV_KEY_INFO *
test_pkcs8(void)
{
	BIO		   *file = BIO_new_file("test/data/rsa-test.key", "r");
	X509_SIG   *sealed = PEM_read_bio_PKCS8(file, NULL, NULL, NULL);
	PKCS8_PRIV_KEY_INFO *p8 = PKCS8_decrypt(sealed, "test-only", 9);

	must(p8 != NULL);
	X509_SIG_free(sealed);
	BIO_free(file);
	return p8;
}

static void
private_pem_seeds(void)
{
	PKCS8_PRIV_KEY_INFO *p8 = test_pkcs8();

	for (int scrypt = 0; scrypt < 2; scrypt++)
	{
		BIO		   *bio = sealed_pem(p8, scrypt);
		char	   *pem;
		long		n = BIO_get_mem_data(bio, &pem);
		PpdlRsaKey *key;

		OK(ppdl_rsa_key_from_pem(&key, pem, (size_t) n, PASSPHRASE, ERR));
		use_key(key);
		put_seed(pem, (size_t) n);
		BIO_free(bio);
	}
	PKCS8_PRIV_KEY_INFO_free(p8);
}

static void
private_der_seeds(void)
{
	PKCS8_PRIV_KEY_INFO *p8 = test_pkcs8();
	unsigned char *der = NULL;
	int			n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);

	put_seed(der, (size_t) n);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
}

static const FuzzCase fuzz_case[] = {
	{"value", value, value_seeds},
	{"prediction", prediction, prediction_seeds},
	{"decimal", decimal, decimal_seeds},
	{"private-pem", private_pem, private_pem_seeds},
	{"private-der", private_der, private_der_seeds},
	{NULL}
};

/* RSA keys: the standard file forms, and every key that must be refused. */
#include "rsa_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static void
pem_round_trip(void **state)
{
	PpdlWriter	w;
	PpdlRsaKey *key;
	EVP_PKEY   *pkey;
	BIO		   *bio;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_key_to_pem(fixture_key, "a passphrase", &w, &err));
	assert_memory_equal(w.buf, "-----BEGIN ENCRYPTED PRIVATE KEY-----", 37);
	OK(ppdl_rsa_key_from_pem(&key, w.buf, w.len, "a passphrase", &err));
	assert_string_equal(ppdl_rsa_key_public(key)->key_id, fixture_pub->key_id);
	ppdl_rsa_key_free(key);

	/* the decoder behind `openssl pkey` reads it, too */
	bio = BIO_new_mem_buf(w.buf, (int) w.len);
	pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, "a passphrase");
	assert_non_null(pkey);
	assert_int_equal(EVP_PKEY_get_bits(pkey), 3072);
	EVP_PKEY_free(pkey);
	BIO_free(bio);

	FAILS(PPDL_ERR_KEY, "wrong passphrase", ppdl_rsa_key_from_pem(&key, w.buf, w.len, "another", &err));
	assert_null(key);
	FAILS(PPDL_ERR_KEY, "passphrase", ppdl_rsa_key_from_pem(&key, w.buf, w.len, NULL, &err));
	FAILS(PPDL_ERR_FORMAT, "ENCRYPTED PRIVATE KEY",
		  ppdl_rsa_key_from_pem(&key, w.buf, w.len / 2, "a passphrase", &err));
	FAILS(PPDL_ERR_ARGUMENT, "passphrase", ppdl_rsa_key_to_pem(fixture_key, "", &w, &err));
	ppdl_writer_free(&w);
}

static void
public_round_trip(void **state)
{
	PpdlWriter	w;
	PpdlRsaPublic *pub;

	ppdl_writer_init(&w);
	OK(ppdl_rsa_public_to_pem(fixture_pub, &w, &err));
	assert_memory_equal(w.buf, "-----BEGIN PUBLIC KEY-----", 26);
	OK(ppdl_rsa_public_from_pem(&pub, w.buf, w.len, &err));
	assert_memory_equal(pub->fingerprint, fixture_pub->fingerprint, 8);
	assert_string_equal(pub->key_id, "8fc9dda0c1fbefec");
	assert_int_equal(pub->bits, 3072);
	assert_int_equal(pub->bytes, 384);
	ppdl_rsa_public_free(pub);
	ppdl_writer_free(&w);

	OK(ppdl_rsa_public_from_der(&pub, fixture_pub->der, fixture_pub->der_len, &err));
	ppdl_rsa_public_free(pub);
	FAILS(PPDL_ERR_FORMAT, "DER", ppdl_rsa_public_from_der(&pub, fixture_pub->der, fixture_pub->der_len - 1, &err));
	FAILS(PPDL_ERR_FORMAT, "PUBLIC KEY", ppdl_rsa_public_from_pem(&pub, fixture_pem, sizeof(fixture_pem) - 1, &err));
}

static void
trailing_bytes(void **state)
{
	PpdlRsaPublic *pub;
	uint8_t    *longer = calloc(1, fixture_pub->der_len + 1);

	memcpy(longer, fixture_pub->der, fixture_pub->der_len);
	FAILS(PPDL_ERR_FORMAT, "follow", ppdl_rsa_public_from_der(&pub, longer, fixture_pub->der_len + 1, &err));
	free(longer);
}

static void
files(void **state)
{
	char		dir[] = "/tmp/ppdl-rsa-XXXXXX";
	char		secret[64],
				public[64];
	struct stat st;
	PpdlRsaKey *key;
	PpdlRsaPublic *pub;

	assert_non_null(mkdtemp(dir));
	snprintf(secret, sizeof(secret), "%s/a.key", dir);
	snprintf(public, sizeof(public), "%s/a.pub", dir);
	OK(ppdl_rsa_key_save(fixture_key, secret, "pw", &err));
	OK(ppdl_rsa_public_save(fixture_pub, public, &err));
	assert_int_equal(stat(secret, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	OK(ppdl_rsa_key_load(&key, secret, "pw", &err));
	OK(ppdl_rsa_public_load(&pub, public, &err));
	assert_string_equal(ppdl_rsa_key_public(key)->key_id, pub->key_id);
	ppdl_rsa_key_free(key);
	ppdl_rsa_public_free(pub);
	FAILS(PPDL_ERR_IO, "a.key", ppdl_rsa_key_save(fixture_key, secret, "pw", &err));
	unlink(secret);
	unlink(public);
	rmdir(dir);
	FAILS(PPDL_ERR_IO, "a.key", ppdl_rsa_key_load(&key, secret, "pw", &err));
}

/* DER of a public key with these numbers */
static size_t
public_der(unsigned char **der, const BIGNUM *n, unsigned long e_word)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY   *pkey = NULL;
	BIGNUM	   *e = BN_new();
	OSSL_PARAM *params;
	int			len;

	BN_set_word(e, e_word);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
	*der = NULL;
	len = i2d_PUBKEY(pkey, der);
	assert_true(len > 0);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	BN_free(e);
	return (size_t) len;
}

static void
refuse(const BIGNUM *n, unsigned long e, const char *text)
{
	unsigned char *der;
	size_t		len = public_der(&der, n, e);
	PpdlRsaPublic *pub;

	FAILS(PPDL_ERR_KEY, text, ppdl_rsa_public_from_der(&pub, der, len, &err));
	assert_null(pub);
	OPENSSL_free(der);
}

static void
bad_public_keys(void **state)
{
	BIGNUM	   *good = NULL,
			   *bad = BN_new();

	EVP_PKEY_get_bn_param(fixture_pub->pkey, OSSL_PKEY_PARAM_RSA_N, &good);
	refuse(good, 1, "exponent 1 ");
	refuse(good, 3, "exponent 3 ");
	refuse(good, 65538, "exponent 65538 ");

	BN_copy(bad, good);
	BN_add_word(bad, 1);
	refuse(bad, 65537, "even");

	/* a multiple of the prime 7907, of neither 3 nor 5 */
	BN_copy(bad, good);
	BN_sub_word(bad, BN_mod_word(bad, 7907));
	if (!BN_is_odd(bad))
		BN_sub_word(bad, 7907);
	while (BN_mod_word(bad, 3) == 0 || BN_mod_word(bad, 5) == 0)
		BN_sub_word(bad, 2 * 7907);
	refuse(bad, 65537, "divisible by ");

	BN_rshift(bad, good, 1024);
	BN_set_bit(bad, 0);
	refuse(bad, 65537, "2048 bits");
	BN_free(good);
	BN_free(bad);
}

static void
not_rsa(void **state)
{
	EVP_PKEY   *ec = EVP_EC_gen("P-256");
	unsigned char *der = NULL;
	int			len = i2d_PUBKEY(ec, &der);
	PpdlRsaPublic *pub;

	FAILS(PPDL_ERR_KEY, "type EC", ppdl_rsa_public_from_der(&pub, der, (size_t) len, &err));
	OPENSSL_free(der);
	EVP_PKEY_free(ec);
}

/* a key file that would take hours of scrypt is refused before any; OpenSSL's own limit is of memory alone */
static void
costly_key_file(void **state)
{
	static const struct
	{
		uint64_t	n,
					r,
					p;
	}			cost[] = {{2, 1, 65536}, {16384, 8, 5}, {1 << 15, 1, 1 << 16}, {1 << 14, 8, 256},
						  {1 << 10, 2, 1 << 16}};

	for (size_t i = 0; i < sizeof(cost) / sizeof(cost[0]); i++)
	{
		X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 16, NULL, cost[i].n, cost[i].r, cost[i].p);
		X509_SIG   *sealed = X509_SIG_new();
		BIO		   *bio = BIO_new(BIO_s_mem());
		ASN1_OCTET_STRING *bytes;
		X509_ALGOR *algorithm;
		char	   *pem;
		long		len;
		PpdlRsaKey *key;
		const int	fits = cost[i].n * cost[i].r * cost[i].p * 128 <= UINT64_C(1) << 31;

		assert_non_null(pbe);
		X509_SIG_getm(sealed, &algorithm, &bytes);
		X509_ALGOR_copy(algorithm, pbe);
		ASN1_OCTET_STRING_set(bytes, (const unsigned char *) "sixteen bytes...", 16);
		PEM_write_bio_PKCS8(bio, sealed);
		len = BIO_get_mem_data(bio, &pem);
		if (fits)
			FAILS(PPDL_ERR_KEY, "wrong passphrase",
				  ppdl_rsa_key_from_pem(&key, pem, (size_t) len, FIXTURE_PASSPHRASE, &err));
		else
			FAILS(PPDL_ERR_FORMAT, "scrypt parameters are out of range",
				  ppdl_rsa_key_from_pem(&key, pem, (size_t) len, FIXTURE_PASSPHRASE, &err));
		BIO_free(bio);
		X509_SIG_free(sealed);
		X509_ALGOR_free(pbe);
	}
}

static int
count_candidates(void *arg)
{
	return ++*(int *) arg == 3;
}

/* the search for primes ends at once, and leaves nothing behind */
static void
canceled_generation(void **state)
{
	PpdlRsaKey *key = NULL;
	int			candidates = 0;

	FAILS(PPDL_ERR_CANCELED, "canceled", ppdl_rsa_generate(&key, 8192, &(PpdlPoll) {count_candidates, &candidates},
														   &err));
	assert_int_equal(candidates, 3);
	assert_null(key);
}

static void
generation(void **state)
{
	PpdlRsaKey *key;
	PpdlWriter	w;
	PpdlRsaView view;
	PpdlRsaPlain plain;

	FAILS(PPDL_ERR_ARGUMENT, "3072, 4096 or 8192", ppdl_rsa_generate(&key, 2048, NULL, &err));
	OK(ppdl_rsa_generate(&key, 3072, NULL, &err));
	assert_string_not_equal(ppdl_rsa_key_public(key)->key_id, fixture_pub->key_id);
	ppdl_writer_init(&w);
	OK(ppdl_rsa_encrypt_integer(ppdl_rsa_key_public(key), "123456789", NULL, &w, &err));
	OK(ppdl_rsa_view(&view, w.buf, w.len, &err));
	OK(ppdl_rsa_decrypt(key, &view, &plain, &err));
	assert_string_equal(plain.integer, "123456789");
	ppdl_rsa_plain_free(&plain);

	/* and the other owner is told whose it is */
	FAILS(PPDL_ERR_KEY, fixture_pub->key_id, ppdl_rsa_decrypt(fixture_key, &view, &plain, &err));
	ppdl_writer_free(&w);
	ppdl_rsa_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pem_round_trip),
		cmocka_unit_test(public_round_trip),
		cmocka_unit_test(trailing_bytes),
		cmocka_unit_test(files),
		cmocka_unit_test(bad_public_keys),
		cmocka_unit_test(not_rsa),
		cmocka_unit_test(costly_key_file),
		cmocka_unit_test(generation),
		cmocka_unit_test(canceled_generation),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

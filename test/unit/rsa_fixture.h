/*
 * A fixed 3072-bit key for the RSA tests (made by `openssl genpkey` and encrypted by
 * `openssl pkcs8 -topk8 -scrypt`), and shorthands.
 */
#ifndef PPDL_TEST_RSA_FIXTURE_H
#define PPDL_TEST_RSA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "rsa/rsa.h"

#define FIXTURE_PASSPHRASE "test-only"

static const char fixture_pem[] =
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	"MIIHZTBPBgkqhkiG9w0BBQ0wQjAhBgkrBgEEAdpHBAswFAQIka8sFxoqTNYCAkAA\n"
	"AgEIAgEBMB0GCWCGSAFlAwQBKgQQ6PDXQIoe7jD5nD9q/v3FtQSCBxCwEvKVlLz8\n"
	"kCRia0V7v5oW9Rloil7vCg2EVy6fPXVW1eaMaTfkdtrqlORaxTzHyw4CXjq4U6w8\n"
	"vQrhXzxItxJ/SPVU68WfPENVFTiO2+mqNWcDvgNeU49RUV0qCuKO8k5XullLbDTV\n"
	"tDJh9Bq0Nj5xQffDrQA0KKIQKzm4I0O+xjee0G82AYAvcE8LQMQbvXLN0RhZpFcR\n"
	"wpPjiPY14gU2sCHH2LYzbyhefPifIhWd6gl2oGSGZObpfnddJQs19g5QyOZ+8p4w\n"
	"IOYkOnkMcKL3kWozH+lil8SAWslNL22KAtbESJS/TfcrVIhKpvdqzW2RB9J/GeEk\n"
	"gXAeaYxkhtjNMyK0CTZgm3Kx/EpKq/CqyVIu6jl7OgdXBrZkFoCT3Kg9GekXn7fW\n"
	"SC12D+jvKseSYedsmkpQX82vQy6bg0oPXGtBq9rv+rRZnneXNQwhda+ExyNjBtZ7\n"
	"EAOVpQZ2wIaAbwFjUVuNsuXkfGjHM0zQFMB5h2hKtbCP8zZvpicye+quCh2ANy0e\n"
	"WTsnlQhuhiKOSv1SlInjeRqVqFaZQSswEZg9uJ3/otizBxVn9S4CVixK0/UM+MYl\n"
	"tRMMmQ+ghxKGQy9HajT0c6FfcqXNn/DaoeeMyb4legjOZL7WW4T2QSeOqDvImhS5\n"
	"CoXWTK0M6iFb8Gecyib0CY0wBtKdf5GqzTY26CKrF1zR496ojxPW1UZKE76IMfG3\n"
	"aQK/N1bsRbq2nskGncmwi+KkA4TpaQlIO73+7V9Tos4TwBZ+OnM8EuUftxLQv7a6\n"
	"3cx6EcxrOGGQkydrAYoCXmK6hcoOdv6ywWt1M7u2jtW4u3OhXsSHIF1NsHKbSXIq\n"
	"RB9uEncGk6NvvEMAgEVTq8fby8zRJIb+J8yAI4uDPUWEmEtmHXNhtFgDmJYDAT0K\n"
	"f6MES8qcCx3pmIZnj+rPJMYtWxvk04e8ZmWQDOG6TaHCtSDkN36UNfrRuPoSlF8h\n"
	"28y+O2DSl59OkziCk/1oWcc1s8aRVl7IdAxB1olZuWmAYsOVtaXdTcxcB1F6wAdy\n"
	"HuQ/hYvsoly5LfOWqQwLk6uk8TP3PkS1vJRi8oST/8NyJmpoYvEtd7qg/Ca+9SZY\n"
	"+IwBtFq4gmnRGhrwxWZqIVaqJOhBXDjXE91ykmhKYO2E/f3sH61tCQGZRzOXxPB2\n"
	"NRPyZHe0jOfwAIpCoQsX4y6ZcGypUnD5xYhEhpV88LoxPpxxmQPfR268Q22pymIR\n"
	"mY045JK17sUbMFhfeC99TRGClV2r96+Y8uXGDIG4WAAQ1Lz8fn03Nj8+Ynmr1hdy\n"
	"M93Q0J9PyWcrq94uwkv2zc0ae8/RGenq6buZM6K50/chp33DWY36uNyeXItTnZya\n"
	"6A6IRQwVhYpALhSY0TOgLoiMmCHmE0nLAoyMj6Njtr2Bg37fhBEiAUYHoIKtnrC3\n"
	"tgnBfp1V5K6RSupwf/n/gZ8M6MaKw1Kz6Pho7UugHfi/GYhSe1l+2XFuyUNn3EnX\n"
	"Id0pYHyWFzIL1n3hOj9sX30z5cQmsGd+Z25EcaF37315O882gn4bUxAvFj6LsLFM\n"
	"o3uNMIE/CBBu2YqVk/sfQDCZDwtvF9DowLXqbsIHBv1qOe1MhAlxI0V/bhBI5s4g\n"
	"q45SHSvRkvjPUbEyLhQ8fxxf7pXMMLVRVrt+p7/LhU+eJeRUl/kk38LfZXBetKN4\n"
	"/MOoMidzosJDy4lG2hUpyjYWB5xM7lqTIqzX6rxPbhl67pRVhkL+PLhkIYdKYVDN\n"
	"1iPJvDWIENsATFOqnABjecZouylao1fZloAegU1mOBigPnNki9UxVcFlSeUwU3lk\n"
	"gcw+AUHiIHafQHs61fKO0VXbpwBrqNc+jkrbhM9di85LYRzEcCeWYz4Mk3QLUAth\n"
	"gilcE05luzCOf+gjy0hv2xRhZ8kWQhoWQa87JzuccCf26yn/hDIau8phsWjFgcFi\n"
	"TQNW7auC9WPcswS/OSXMsydohjOVAC2YBmHTh9oxfwxpWZWPeo1c2/3Id0bM/NJv\n"
	"tVREScFPgD6owdA9xkvtBRSXmp2hdVF18vWF/3qC6lNAcFiqlm5mRA8gbnqYcyYG\n"
	"8+lmHaHY2vYEBzX8iaSMK2wf0AMNSx8h7TuYQm73Ios9uG2dhJku/DkpN2X6wyGL\n"
	"Bz7SGam5r/28agEMunNLloiAM6Fa6MzVxYLlhmJt+Q/+VNTzB92ghAmuoCk3T99U\n"
	"dNvGf8G7wFOFzTKoDRlP74GSM9UC3nb8fXb/GpGAQIClNnuQ6DEPA9gm4cyNiMOq\n"
	"tzOeAakajQnTf2tLyRQjeENmoPxhhm2AD/tOc0YgD777wIc+FHNG0F6WhJmXBcEE\n"
	"ZYZWCwWBzmA0CvglQaoyK75lZoHozFYrpYz5ha3uC4nigMgr6decF1m8dRIhgX9j\n"
	"jcDl0GbgRgxqPAs9pQfGS9V+2Q9126/XJw==\n"
	"-----END ENCRYPTED PRIVATE KEY-----\n";

static PpdlRsaKey *fixture_key;
static const PpdlRsaPublic *fixture_pub;

#define OK(expr) \
	do { \
		PpdlError	err = {0}; \
		PpdlStatus	status_ = ((expr)); \
		if (status_ != PPDL_OK) \
			fail_msg("%s: %s (%s)", #expr, err.message, err.detail); \
	} while (0)

/* the expression, which refers to &err, fails with this status and with `text` in its message */
#define FAILS(expected, text, expr) \
	do { \
		PpdlError	err = {0}; \
		PpdlStatus	status_ = ((expr)); \
		if (status_ != (expected) || strstr(err.message, text) == NULL) \
			fail_msg("%s: status %d, \"%s\"", #expr, status_, err.message); \
	} while (0)

static inline int
fixture_setup(void **state)
{
	(void) state;
	OK(ppdl_rsa_key_from_pem(&fixture_key, fixture_pem, sizeof(fixture_pem) - 1, FIXTURE_PASSPHRASE, &err));
	fixture_pub = ppdl_rsa_key_public(fixture_key);
	return 0;
}

static inline int
fixture_teardown(void **state)
{
	(void) state;
	ppdl_rsa_key_free(fixture_key);
	return 0;
}

/* a seed that is printed, so that a failure can be repeated with PPDL_TEST_SEED */
static inline unsigned long
fixture_seed(const char *test)
{
	const char *given = getenv("PPDL_TEST_SEED");
	unsigned long seed = given ? strtoul(given, NULL, 10) : (unsigned long) time(NULL);

	print_message("%s: PPDL_TEST_SEED=%lu\n", test, seed);
	return seed;
}

/* the exact integer or count that a wire value holds; freed by the caller */
static inline char *
fixture_decrypt(const void *wire, size_t len)
{
	PpdlRsaView view;
	PpdlRsaPlain plain;
	char	   *text = NULL;

	OK(ppdl_rsa_view(&view, wire, len, &err));
	OK(ppdl_rsa_decrypt(fixture_key, &view, &plain, &err));
	OK(ppdl_rsa_plain_text(&plain, &text, &err));
	ppdl_rsa_plain_free(&plain);
	return text;
}

#endif

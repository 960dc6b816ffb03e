#include "cli/model_cipher.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "table/features.h"
#include "cli/reveal.h"
#include "cli/secret.h"

/* said to the owner alone, who can see it */
static void
check_declared(const PpdlNet *net, double declared)
{
	const double longest = ppdl_net_longest_weights(net);

	if (longest <= declared * (1 + 0x1p-10))
		return;
	ppdl_note("the weights of a unit have a length of %.3g, beyond the %.3g that the model declares: its encrypted "
			  "predictions may state too small an error", longest, declared);
	if (longest <= PPDL_MAX_WEIGHT_LENGTH)
		ppdl_note("imported again with --key and --weights-within %d it declares enough",
				  (int) exp2(ceil(log2(longest))));
}

static PpdlStatus
decrypt_text(PpdlNet *net, const char *key, const char *passphrase_file, const char *text, PpdlError *err)
{
	PpdlOwner  *owner;
	uint8_t    *buf;
	size_t		len;
	double		declared;
	PpdlStatus	status;

	PPDL_TRY(ppdl_base64_read(text, strlen(text), &buf, &len, err));
	status = ppdl_key_open(&owner, key, passphrase_file, err);
	if (status == PPDL_OK)
	{
		status = ppdl_owner_decrypt_model(owner, net, buf, len, &declared, err);
		if (status == PPDL_OK)
			check_declared(net, declared);
		ppdl_owner_destroy(owner);
	}
	free(buf);
	return status;
}

static PpdlStatus
weights_text(char **out, const PpdlNet *net, PpdlError *err)
{
	const int	n = ppdl_net_weight_count(net);
	double	   *w = calloc((size_t) n + 1, sizeof *w);
	PpdlWriter	text;

	if (w == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ppdl_net_get_weights(net, w);
	ppdl_writer_init_secret(&text);
	for (int i = 0; i < n; i++)
	{
		ppdl_write_bytes(&text, i ? ", " : "[", i ? 2 : 1);
		ppdl_put_number(&text, w[i]);
	}
	ppdl_write_bytes(&text, "]", 2);
	ppdl_free_secret(w, ((size_t) n + 1) * sizeof *w);
	if (text.bad)
	{
		ppdl_writer_free(&text);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	*out = (char *) text.buf;
	return PPDL_OK;
}

PpdlStatus
ppdl_model_decrypt(char **out, const char *key, const char *passphrase_file, const char *spec, const char *cipher,
				   PpdlError *err)
{
	json_t	   *array = json_loads(cipher, 0, NULL);
	const char *text = json_string_value(json_array_get(array, 0));
	PpdlNet    *net = NULL;
	PpdlStatus	status;

	if (text == NULL || json_array_size(array) != 1)
		status = ppdl_error(err, PPDL_ERR_FORMAT, "the model's encrypted weights are no single ciphertext");
	else
		status = ppdl_net_parse(&net, spec, err);
	if (status == PPDL_OK)
		status = decrypt_text(net, key, passphrase_file, text, err);
	if (status == PPDL_OK)
		status = weights_text(out, net, err);
	ppdl_net_destroy(net);
	json_decref(array);
	return status;
}

static PpdlStatus
encrypt_text(PpdlWriter *out, PpdlOwner *owner, const PpdlNet *net, int within, PpdlError *err)
{
	PpdlWriter	cipher;
	PpdlStatus	status;

	ppdl_writer_init(&cipher);
	status = ppdl_owner_encrypt_model(owner, net, within, &cipher, err);
	if (status == PPDL_OK)
	{
		ppdl_write_u8(out, '{');
		ppdl_base64_write(out, cipher.buf, cipher.len);
		ppdl_write_bytes(out, "}", 2);
		if (out->bad)
			status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	ppdl_writer_free(&cipher);
	return status;
}

PpdlStatus
ppdl_model_encrypt(PpdlWriter *out, char key_id[17], const char *key, const char *passphrase_file, const PpdlNet *net,
				   int within, PpdlError *err)
{
	PpdlOwner  *owner;
	PpdlStatus	status;

	PPDL_TRY(ppdl_key_open(&owner, key, passphrase_file, err));
	ppdl_fingerprint_hex(key_id, ppdl_owner_fingerprint(owner));
	status = encrypt_text(out, owner, net, within, err);
	ppdl_owner_destroy(owner);
	return status;
}

/* the least length that may be declared and is no less than both */
static int
length_for(double declared, double longest)
{
	int			within = 1;

	while (within < PPDL_MAX_WEIGHT_LENGTH && (within < declared || within < longest))
		within *= 2;
	return within;
}

static PpdlStatus
reencrypt(PpdlWriter *out, PpdlOwner *from, PpdlOwner *to, PpdlNet *net, const char *text, PpdlError *err)
{
	PpdlStatus	status;
	double		declared;
	uint8_t    *buf;
	size_t		len;

	PPDL_TRY(ppdl_base64_read(text, strlen(text), &buf, &len, err));
	status = ppdl_owner_decrypt_model(from, net, buf, len, &declared, err);
	free(buf);
	PPDL_TRY(status);
	return encrypt_text(out, to, net, length_for(declared, ppdl_net_longest_weights(net)), err);
}

PpdlStatus
ppdl_model_reencrypt(PpdlWriter *out, PpdlOwner *from, PpdlOwner *to, const char *spec, const char *text,
					 PpdlError *err)
{
	PpdlStatus	status;
	PpdlNet    *net;

	PPDL_TRY(ppdl_net_parse(&net, spec, err));
	status = reencrypt(out, from, to, net, text, err);
	ppdl_net_destroy(net);
	return status;
}

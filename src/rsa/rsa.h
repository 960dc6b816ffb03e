/*
 * RSA for ppdl: the multiplicatively homomorphic side.  Everything in one
 * include; each header says what it does.
 *
 *	key.h			key pairs and public keys; PEM, DER, files
 *	value.h			numbers into ciphertexts and back
 *	cipher.h		the wire form and its checks
 *	product.h		products, powers and sums of ciphertexts
 *	layer.h			a dense layer quantised to small integers
 *	prediction.h	that layer over encrypted rows, and its decryption
 *
 * An owner's tool does:
 *
 *	ppdl_rsa_generate(&key, 3072, NULL, err);
 *	ppdl_rsa_key_save(key, "hospital-rsa.key", passphrase, err);
 *	ppdl_rsa_public_save(ppdl_rsa_key_public(key), "hospital-rsa.pub", err);
 *
 *	ppdl_rsa_public_load(&pub, "hospital-rsa.pub", err);
 *	ppdl_rsa_encrypt_integer(pub, "42", NULL, &out, err);            product
 *	ppdl_rsa_encrypt_count(pub, 1, 1, 256, &out, err);               exponent
 *	ppdl_rsa_input_grid(&grid, 4, err);                              features in [-1, 1]
 *	ppdl_rsa_encrypt_on_grid(pub, x, &grid, 256, &out, err);
 *
 *	ppdl_rsa_key_load(&key, "hospital-rsa.key", passphrase, err);
 *	ppdl_rsa_view(&view, wire, len, err);
 *	if (view.kind == PPDL_RSA_VALUE)
 *		ppdl_rsa_decrypt(key, &view, &plain, err), ppdl_rsa_plain_text(&plain, &text, err);
 *	else
 *		ppdl_rsa_net_decrypt(&outputs, key, &view, threads, NULL, NULL, err);   net/rsa_net.h
 *
 * Every ppdl_rsa_encrypt_… appends to a PpdlWriter: a row of features is encrypted
 * by as many calls with a writer each.
 */
#ifndef PPDL_RSA_RSA_H
#define PPDL_RSA_RSA_H

#include "rsa/cipher.h"
#include "rsa/file.h"
#include "rsa/key.h"
#include "rsa/layer.h"
#include "rsa/prediction.h"
#include "rsa/product.h"
#include "rsa/value.h"

#endif

/*
 * Everything of ppdl lives in the schema that CREATE EXTENSION was given.  The
 * parts of this script: 10 lwe_cipher, 20 keys, then rsa_cipher and models.
 */

/*
 * Everything of ppdl lives in the schema that CREATE EXTENSION was given.  The
 * parts of this script: 10 lwe_cipher, 20 keys, then rsa_cipher and models.
 *
 * The script runs with a superuser's rights in a schema that others may have filled (ppdl.control: trusted).  What it
 * calls without pg_catalog before it must therefore have the very argument types that a function of pg_catalog takes:
 * literals of no type yet have none.
 */

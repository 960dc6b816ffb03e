\echo Use "ALTER EXTENSION ppdl UPDATE" to load this file. \quit

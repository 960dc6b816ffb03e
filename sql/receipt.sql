--
-- receipts: rows with tags, sums that say which rows they are of.  The rows are known answers (contrib-data/kat), the third without tags as well.
--
CREATE TABLE patients (id int PRIMARY KEY, ward text, sex text, features lwe_cipher);
INSERT INTO patients VALUES
	(1, 'A', NULL, 'UEwBAQMBAwA/ELq9oVJ6CwAAAAAAANBBggIAACfDTuqvpwFKceer7W3S3bjm1cSxoj8AAG5YLbxizSU60twsh7m6BUC6IacrMgJpFNEbmodUk32J4zmU5L8GTQEAwcWcvtVLAwDC1XUvWIwenvgwwy/VlEh9'),
	(2, 'A', NULL, 'UEwBAQMBAwA/ELq9oVJ6CwAAAAAAANBBggICACfDTuqvpwFKceer7W3S3bjm1cSxoj8AAG5YLbxizSU6PKmuSsVJipyDj6+Ug9/No6HzU/5gBw5QUDR6Wkt8WQIAvT9gKAshAQDGse3jCFO3X+r7UCMvPhrW'),
	(3, 'A', NULL, 'UEwBAQMBAwA/ELq9oVJ6CwAAAAAAANBBggIBACfDTuqvpwFKceer7W3S3bjm1cSxoj8AAG5YLbxizSU6SJiSBNFSYcFBSLDwflFgm4rTjWDCK8cygm6BtxGMYgMAZ0ociFP3AgB0mEKWmjX/zX9Ff5goKTSi');
CREATE TABLE plain (id int, features lwe_cipher);
INSERT INTO plain VALUES (3, 'UEwBAQMBAwA/ELq9oVJ6CwAAAAAAANBBAgIBACfDTuqvpwFKceer7W3S3bjm1cSxoj8AAG5YLbxizSU6SJiSBNFSYcFBSLDwflFgm4rTjWDCK8cygg==');
SELECT id, lwe_show(features), octet_length(lwe_cipher_send(features)) AS bytes, lwe_encoding(features) FROM patients ORDER BY id;
SELECT lwe_show(features), octet_length(lwe_cipher_send(features)) AS bytes FROM plain;

-- the receipt of the known answers
SELECT encode(lwe_receipt(features, ward, sex ORDER BY id), 'hex') = '504c52430100000001000000000000003f10babda1527a0b03010300000000000000d041e6d5c4b1a23f00000100000000000000020000000000000001000000010000001a75bf8b8a0d6301b46a571ca153c9af5befe7e796ca44bc65a615cad192af00002710e746294302000200000000000000070000000101000000410042010027c34eeaafa7014a71e7abed6dd2ddb8' AS as_known FROM patients WHERE id <> 2;
-- sums, averages and all else read such rows as others, mixed with them, too
SELECT lwe_show(sum(features)), lwe_show(avg(features)), lwe_show(lwe_pack(features)) FROM patients;
SELECT lwe_cipher_send(sum(p.features)) = (SELECT lwe_cipher_send(sum(features)) FROM (TABLE plain UNION ALL SELECT id, features FROM patients WHERE id < 3) t) AS same FROM patients p;
SELECT lwe_show(features + features) FROM patients WHERE id = 1;

-- groups, NULL, FILTER, windows; no rows have no receipt
SELECT ward, length(lwe_receipt(features)), length(lwe_receipt(features, ward)), length(lwe_receipt(features, ward, sex)), length(lwe_receipt(features, VARIADIC '{}')) FROM patients GROUP BY ward ORDER BY ward COLLATE "C";
SELECT length(lwe_receipt(features) FILTER (WHERE id > 1)), lwe_receipt(features) FILTER (WHERE id > 3) IS NULL FROM patients;
SELECT id, length(lwe_receipt(features) OVER (ORDER BY id)) FROM patients ORDER BY id;
SELECT length(lwe_receipt(CASE WHEN id < 3 THEN features END)) FROM patients;
SELECT id % 2, length(lwe_receipt(features)) FROM patients GROUP BY GROUPING SETS ((id % 2), ()) ORDER BY 1;
-- partial states travel
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT length(lwe_receipt(features, ward, sex)) FROM patients;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
SELECT lwe_receipt_final(lwe_receipt_combine(lwe_receipt_trans(NULL, a.features, a.ward, a.sex), lwe_receipt_trans(NULL, c.features, c.ward, c.sex))) = (SELECT lwe_receipt(features, ward, sex ORDER BY id) FROM patients WHERE id <> 2) AS same
	FROM patients a, patients c WHERE (a.id, c.id) = (1, 3);

-- errors: a row twice, in one state and in two, rows without tags, values that are no rows, too much that is bound
SELECT lwe_receipt(features) FROM patients, generate_series(1, 2);
SELECT lwe_receipt_combine(lwe_receipt_trans(NULL, features), lwe_receipt_trans(NULL, features)) FROM patients WHERE id = 1;
SELECT lwe_receipt(features) FROM plain;
SELECT lwe_receipt(s) FROM (SELECT sum(features) AS s FROM patients) t;
SELECT lwe_receipt(features, VARIADIC array_fill('x'::text, ARRAY[65])) FROM patients;
SELECT lwe_receipt(features, repeat('x', 5000)) FROM patients;
SELECT lwe_receipt(features, VARIADIC '{{a,b}}') FROM patients;
-- damaged tags: one that is not below its modulus, none where the head says there are some, some where it says none
CREATE FUNCTION changed(v lwe_cipher, at int, value int) RETURNS text LANGUAGE sql AS $$ SELECT encode(set_byte(lwe_cipher_send(v), at, value), 'base64') $$;
SELECT changed(features, 60 + 25 + 6, 255)::lwe_cipher FROM patients WHERE id = 1;
SELECT changed(features, 24, 2)::lwe_cipher FROM patients WHERE id = 1;
SELECT changed(features, 24, 130)::lwe_cipher FROM plain;
SELECT encode(substr(lwe_cipher_send(features), 1, 70), 'base64')::lwe_cipher FROM patients WHERE id = 1;
-- an altered tag is a valid value: its owner finds it
SELECT lwe_show(changed(features, 60 + 25, 0)::lwe_cipher) FROM patients WHERE id = 1;
DROP TABLE patients, plain;
DROP FUNCTION changed;

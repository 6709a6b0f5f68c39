// Holds an OpenAPI document to the official schema of its version and to the rules of a linter, examples included. Prints one JSON line. Argument: its file.
import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Validator } from '@seriousme/openapi-schema-validator';

const source = readFileSync(process.argv[2], 'utf8');
const validator = new Validator();
const { valid, errors } = await validator.validate(JSON.parse(source));

// Of the recommended rules these are none of ours: /users/{id} and /users/current stand side by side, what sends a browser on answers neither 2xx nor 4xx,
// the host of a test is localhost, and a licence is the product's.
const config = await createConfig({
  extends: ['recommended'],
  rules: { 'no-ambiguous-paths': 'off', 'operation-2xx-response': 'off', 'operation-4xx-response': 'off', 'no-server-example.com': 'off', 'info-license': 'off',
    'no-invalid-media-type-examples': 'error', 'no-unused-components': 'error' },
});
const found = await lintFromString({ source, absoluteRef: process.argv[2], config });
const complaints = found.map(problem => `${problem.severity} ${problem.ruleId} ${problem.location[0]?.pointer}: ${problem.message}`);
console.log(JSON.stringify({ valid, version: validator.version, errors: errors ?? null, complaints }));

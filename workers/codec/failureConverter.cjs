// Loaded by path, by the SDK and into the workflow bundle: neither reads TypeScript there.
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });

// Loaded before the launcher: it then takes this Node.js for one that is too old.
Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.19.0' } });

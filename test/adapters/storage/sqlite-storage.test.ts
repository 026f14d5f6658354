import { openSqliteStorage } from '../../../src/adapters/storage/sqlite-storage.ts';
import { storageContract } from '../../kernel/storage-contract.ts';

storageContract('sqlite', () => openSqliteStorage(':memory:'));

import type { Driver } from './core/driver.ts';
import type { CreateSlave } from './core/slave.ts';

interface DriverEntry {
  readonly driver: () => Promise<Driver>;
  readonly slave: () => Promise<CreateSlave>;
}

/** The table of drivers: protocol -> lazy import. The one file of src that names drivers/*. */
export const DRIVERS: Readonly<Record<string, DriverEntry>> = {
  'dlt645-2007': {
    driver: async () => (await import('../drivers/dlt645/driver.ts')).dlt645,
    slave: async () => (await import('../drivers/dlt645/sim.ts')).createDlt645Slave,
  },
  'dlt645-1997': {
    driver: async () => (await import('../drivers/dlt645/v1997/driver.ts')).dlt645v1997,
    slave: async () => (await import('../drivers/dlt645/v1997/sim.ts')).createSlave1997,
  },
  'dlt645-auto': {
    driver: async () => (await import('../drivers/dlt645/auto.ts')).dlt645auto,
    slave: async () => (await import('../drivers/dlt645/sim.ts')).createDlt645Slave,
  },
  modbus: {
    driver: async () => (await import('../drivers/modbus/driver.ts')).modbus,
    slave: async () => (await import('../drivers/modbus/sim.ts')).createModbusSlave,
  },
};

/** Bubblewrap's arguments for what every environment sees of the kernel: its own `/proc` and `/dev`. */
export const KERNEL_MOUNTS: readonly string[] = [
  '--proc',
  '/proc',
  // For the kernel the function's user is the server's: if that is root, it may write the kernel's settings.
  '--remount-ro',
  '/proc',
  '--dev',
  '/dev',
  // Its devices are mounts of their own and stay writable; there is no /dev/shm to write to, as on AWS.
  '--remount-ro',
  '/dev',
];
